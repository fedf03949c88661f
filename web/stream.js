// The one stream of pictures that the live pages listen to, and what it says of itself.

import { byId, number } from './dom.js'

function say(text, good) {
  const state = byId('state')
  if (state.textContent !== text) state.textContent = text
  state.className = good ? 'live' : 'broken'
}

export const SILENT_MS = 5000 // a worker tells of itself once a second
const BEHIND_MS = 5000

// What is wrong with the engine at this moment; nothing where all is well.
function wrong({ store, workers, lag_ms: lag, time }) {
  if (store !== 'up') return 'the store is away; figures stand still'
  if (!workers.length) return 'no worker is heard of; events wait in the log'
  const silent = time - Math.max(...workers.map(({ written }) => written))
  const seconds = (value) => number(Math.round(value / 1000))
  if (silent > SILENT_MS) return `no worker was heard of for ${seconds(silent)} s; events wait in the log`
  return lag > BEHIND_MS ? `${seconds(lag)} s behind; events wait in the log` : ''
}

// `draw` is given a picture a second; `begin`, when the stream starts, the points before it.
export function listen(draw, begin) {
  const source = new EventSource('v1/live/stream')
  source.addEventListener('history', ({ data }) => begin(JSON.parse(data)))
  source.addEventListener('picture', ({ data }) => {
    const picture = JSON.parse(data)
    draw(picture)
    const trouble = wrong(picture)
    say(trouble || 'live', !trouble)
  })
  source.addEventListener('error', () => say('not connected; trying again', false))
}
