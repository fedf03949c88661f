// The one stream of pictures that the live pages listen to, and what it says of itself.

import { byId } from './dom.js'

function say(text, good) {
  const state = byId('state')
  if (state.textContent !== text) state.textContent = text
  state.className = good ? 'live' : 'broken'
}

// `draw` is given a picture a second; `begin`, when the stream starts, the points before it.
export function listen(draw, begin) {
  const source = new EventSource('v1/live/stream')
  source.addEventListener('history', ({ data }) => begin(JSON.parse(data)))
  source.addEventListener('picture', ({ data }) => {
    const picture = JSON.parse(data)
    draw(picture)
    say(picture.store === 'up' ? 'live' : 'the store is away; figures stand still', picture.store === 'up')
  })
  source.addEventListener('error', () => say('not connected; trying again', false))
}
