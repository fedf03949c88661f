// The live page: listens to one stream, draws each picture, keeps five minutes of lines.

import { byId, element, navigation, number, table } from './dom.js'

const KEPT = 300
const SVG = 'http://www.w3.org/2000/svg'
const sum = (counts) => Object.values(counts ?? {}).reduce((total, count) => total + count, 0)
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const points = [] // [time, events ended, answers given, lag], as `point` of api/pages/routes.py
let charts = []

// Change of a count by the second between two points; nothing where a restart set it back.
function perSecond(at, column) {
  const [before, after] = [points[at - 1], points[at]]
  const gained = after[column] - before[column]
  const seconds = (after[0] - before[0]) / 1000
  return gained < 0 || seconds <= 0 ? null : gained / seconds
}

function chart(id, series, unit) {
  const axis = { stroke: colour('--faint'), grid: { stroke: colour('--line'), width: 1 } }
  const options = {
    width: byId(id).clientWidth,
    height: 170,
    axes: [axis, { ...axis, size: 72, values: (_, ticks) => ticks.map((tick) => number(tick) + unit) }],
    scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
    series: [{ label: 'time' }, ...series.map(([label, name]) => ({
      label, stroke: colour(name), width: 2, value: (_, y) => (y === null ? '–' : number(Math.round(y)) + unit),
    }))],
  }
  return new uPlot(options, [[]], byId(id))
}

function makeCharts() {
  charts.forEach((each) => each.destroy())
  charts = [
    chart('rates', [['events', '--water'], ['answers', '--leaf']], ''),
    chart('lags', [['lag', '--water']], ' ms'),
  ]
  drawLines()
}

function drawLines() {
  const at = points.map((_, index) => index).slice(1)
  const times = at.map((index) => points[index][0] / 1000)
  charts[0].setData([times, at.map((index) => perSecond(index, 1)), at.map((index) => perSecond(index, 2))])
  charts[1].setData([times, at.map((index) => points[index][3])])
}

function addPoint(point) {
  points.push(point)
  if (points.length > KEPT) points.shift()
}

function shape(name, attributes = {}, text = '') {
  const made = document.createElementNS(SVG, name)
  made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function drawTiles(picture) {
  const { events } = picture
  const last = points.length - 1
  const rate = (column) => (last > 0 ? perSecond(last, column) : null)
  const rounded = (value) => (value === null ? '–' : number(Math.round(value)))
  const texts = {
    rate: rounded(rate(1)),
    answering: rounded(rate(2)),
    lag: picture.lag_ms === null ? 'unknown' : `${number(picture.lag_ms)} ms`,
    applied: number(events.applied),
    duplicate: number(events.duplicate),
    withheld: number(sum(events.withheld)),
    rejected: number(sum(events.rejected)),
  }
  for (const [id, text] of Object.entries(texts)) byId(id).textContent = text
  byId('where').textContent = `${picture.site}, ${picture.namespace}, ${number(picture.items)} items`
}

// Circles are kept by segment, so that they move to their new places.
function drawMap(segments) {
  const map = byId('map')
  const known = new Map([...map.children].map((group) => [group.dataset.id, group]))
  for (const { id, size, share, x, y } of segments) {
    let group = known.get(id)
    if (!group) {
      group = shape('g', { 'data-id': id })
      group.append(shape('circle'), shape('text', {}, id))
      map.append(group)
    }
    known.delete(id)
    const [circle, label] = group.children
    circle.setAttribute('cx', 90 * x)
    circle.setAttribute('cy', -50 * y)
    circle.setAttribute('r', 3 + 22 * Math.sqrt(share))
    label.setAttribute('x', 90 * x)
    label.setAttribute('y', -50 * y + 2.5)
    group.setAttribute('aria-label', `${id}, ${size} people`)
  }
  known.forEach((group) => group.remove())
  byId('segments').replaceChildren(...segments.map(({ id, name, size }) => (
    element('li', {}, `${name} (${id}, ${number(size)} people)`))))
}

function drawTrending(items) {
  byId('trending').replaceChildren(...items.map(({ title }) => element('li', {}, title)))
}

const personLink = (user) => element('a', { href: `person?id=${encodeURIComponent(user)}` }, user)

function drawTables(picture) {
  const put = (id, ...given) => byId(id).replaceChildren(table(...given))
  const { models, arms } = picture.scoreboard
  const row = ([name, told]) => [name, number(told.predictions ?? told.answers),
    number(told['hr@10']), number(told['mrr@20']), number(told['ndcg@10'])]
  const scores = [...Object.entries(models).map(row),
    ...Object.entries(arms).map(([name, told]) => row([`arm ${name}`, told]))]
  put('scores', ['list', 'answers', 'hr@10', 'mrr@20', 'ndcg@10'], scores,
    'nobody whose answers are judged touched anything yet')
  put('models', ['model', 'learned', 'drifts', 'errors', 'rolled back'],
    picture.models.map((model) => [model.name, number(model.learned), number(model.drifts),
      number(model.errors), number(model.rollbacks)]), 'no model has learnt yet')
  put('triggers', ['person', 'campaign', 'at'],
    picture.triggers.map((trigger) => [personLink(trigger.user), trigger.campaign + (trigger.holdout ? ' (held out)' : ''),
      new Date(trigger.time).toLocaleTimeString()]), 'none yet')
  put('parts', ['partition', 'read up to', 'waiting'],
    picture.parts.map((part) => [part.part, number(part.offset), number(part.lag)]), 'nothing was read yet')
}

function draw(picture) {
  addPoint([picture.time, picture.events.ended, picture.answers, picture.lag_ms])
  drawLines()
  drawTiles(picture)
  drawMap(picture.segments)
  drawTrending(picture.trending)
  drawTables(picture)
  say(picture.store === 'up' ? 'live' : 'the store is away; figures stand still', picture.store === 'up')
}

function say(text, good) {
  const state = byId('state')
  if (state.textContent !== text) state.textContent = text
  state.className = good ? 'live' : 'broken'
}

function listen() {
  const source = new EventSource('v1/live/stream')
  source.addEventListener('history', ({ data }) => {
    points.length = 0
    JSON.parse(data).forEach(addPoint)
  })
  source.addEventListener('picture', ({ data }) => draw(JSON.parse(data)))
  source.addEventListener('error', () => say('not connected; trying again', false))
}

navigation()
makeCharts()
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', makeCharts)
new ResizeObserver(() => charts.forEach((each) => (
  each.setSize({ width: each.root.parentElement.clientWidth, height: 170 })))).observe(document.querySelector('main'))
listen()
