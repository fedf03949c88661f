// The live page: listens to one stream, draws each picture, keeps five minutes of lines.

import * as charts from './charts.js'
import { byId, element, navigation, number, table } from './dom.js'
import { scoreboard } from './models.js'
import { listen } from './stream.js'
import { shape } from './svg.js'

const sum = (counts) => Object.values(counts ?? {}).reduce((total, count) => total + count, 0)
const rounded = (value) => (value === null ? '–' : number(Math.round(value)))
const milliseconds = (value) => (value === null ? 'unknown' : `${number(value)} ms`)
let last = null

function drawTiles(picture) {
  byId('rate').textContent = rounded(charts.newest(charts.LINES.events))
  byId('answering').textContent = rounded(charts.newest(charts.LINES.answers))
  byId('lag').textContent = milliseconds(picture.lag_ms)
  byId('where').textContent = `${picture.site}, ${picture.namespace}, ${number(picture.items)} items`
}

const reasons = (counts) => Object.entries(counts).map(([why, count]) => `${why} ${number(count)}`).join(', ')

function drawStages({ events, parts, lag_ms: lag, answers, checkpoint, time }) {
  const waiting = sum(parts.map((part) => part.lag))
  const stages = [
    ['Log', ['waiting', waiting], ['partitions', parts.length]],
    ['Clean', ['rejected', sum(events.rejected), reasons(events.rejected)], ['withheld', sum(events.withheld), reasons(events.withheld)]],
    ['Dedupe', ['duplicate', events.duplicate]],
    ['Profiles', ['applied', events.applied], ['late', events.late]],
    ['Models', ['kept out', sum(events.unlearnt), reasons(events.unlearnt)]],
    ['Views', ['lag', milliseconds(lag)], ['saved', checkpoint ? `${number(Math.max(0, Math.round((time - checkpoint.time) / 1000)))} s ago` : 'never']],
    ['API', ['answers', answers]],
  ]
  byId('stages').replaceChildren(...stages.map(([name, ...figures]) => element('li', {},
    element('b', {}, name),
    element('dl', {}, ...figures.flatMap(([label, value, title = '']) => [
      element('dt', {}, label), element('dd', { title, 'data-figure': label }, typeof value === 'number' ? number(value) : value)])))))
}

function drawFunnel(funnel) {
  const steps = funnel?.last[byId('span').value]
  if (!steps) {
    byId('funnel').replaceChildren(element('p', {}, 'No visit yet.'))
    return
  }
  const most = Math.max(1, ...Object.values(steps))
  const names = { view: 'looked', add_to_cart: 'put into the cart', purchase: 'bought' }
  const share = (count) => (steps.view ? `${number(100 * count / steps.view, 1)} %` : '–')
  byId('funnel').replaceChildren(table(['step', 'visits', 'of these', 'drawn'], Object.entries(steps).map(([step, count]) => (
    [names[step], number(count), share(count), element('meter', { max: most, value: count, 'aria-label': names[step] })])), ''))
}

// Circles are kept by segment, so that they move to their new places.
function drawMap(segments) {
  const map = byId('map')
  const known = new Map([...map.children].map((group) => [group.dataset.id, group]))
  for (const { id, name, size, share, x, y } of segments) {
    let group = known.get(id)
    if (!group) {
      group = shape('g', { 'data-id': id })
      group.append(shape('circle'), shape('text'))
      map.append(group)
    }
    known.delete(id)
    const [circle, label] = group.children
    circle.setAttribute('cx', 85 * x)
    circle.setAttribute('cy', -50 * y)
    circle.setAttribute('r', 3 + 22 * Math.sqrt(share))
    label.textContent = name.split(':')[0]
    label.setAttribute('x', Math.max(-75, Math.min(75, 85 * x)))
    group.setAttribute('aria-label', `${name}, ${size} people`)
  }
  // Labels of neighbours stand below one another.
  let free = -Infinity
  for (const { id, y } of [...segments].sort((a, b) => b.y - a.y)) {
    free = Math.max(free + 8, -50 * y + 2.5)
    map.querySelector(`[data-id="${CSS.escape(id)}"] text`).setAttribute('y', free)
  }
  known.forEach((group) => group.remove())
  byId('segments').replaceChildren(...segments.map(({ id, name, size }) => (
    element('li', {}, `${name} (${id}, ${number(size)} people)`))))
}

function drawTrending(items) {
  byId('trending').replaceChildren(...items.map(({ title }) => element('li', {}, title)))
}

const personLink = (user) => element('a', { href: `person?id=${encodeURIComponent(user)}` }, user)
const conceptLink = (name, label) => element('a', { href: `concepts?name=${encodeURIComponent(name)}` }, label)

function drawKnowledge({ rules, concepts }) {
  byId('rules').replaceChildren(table(['with', 'comes', 'in', 'lift', 'how sure'], rules.map((rule) => (
    [rule.given.join(' + '), rule.then, rule.basis, number(rule.lift, 2), number(rule.confidence, 2)])), 'no rule is sure enough yet'))
  byId('concepts').replaceChildren(...concepts.flatMap(({ name, label }) => [conceptLink(name, label), ' ']))
}

function drawTables(picture) {
  const put = (id, ...given) => byId(id).replaceChildren(table(...given))
  const { models, arms } = picture.scoreboard
  const row = ([name, told]) => [name, number(told.predictions ?? told.answers),
    number(told['hr@10'], 4), number(told['mrr@20'], 4), number(told['ndcg@10'], 4)]
  const scores = [...Object.entries(models).map(row).sort((a, b) => b[2] - a[2]),
    ...Object.entries(arms).map(([name, told]) => row([`arm ${name}`, told]))]
  put('scores', ['list', 'answers', 'hr@10', 'mrr@20', 'ndcg@10'], scores,
    'nobody whose answers are judged touched anything yet')
  put('triggers', ['person', 'campaign', 'at'],
    picture.triggers.map((trigger) => [personLink(trigger.user), trigger.campaign + (trigger.holdout ? ' (held out)' : ''),
      new Date(trigger.time).toLocaleTimeString()]), 'none yet')
  byId('models').replaceChildren(scoreboard(picture.models))
}

function draw(picture) {
  last = picture
  charts.add([picture.time, picture.events.ended, picture.answers, picture.lag_ms])
  drawTiles(picture)
  drawStages(picture)
  drawFunnel(picture.funnel)
  drawMap(picture.segments)
  drawTrending(picture.trending)
  drawKnowledge(picture.knowledge)
  drawTables(picture)
}

navigation()
charts.draw([
  { id: 'rates', lines: [charts.LINES.events, charts.LINES.answers], unit: '' },
  { id: 'lags', lines: [charts.LINES.lag], unit: ' ms' },
])
byId('span').addEventListener('change', () => drawFunnel(last?.funnel))
listen(draw, charts.begin)
