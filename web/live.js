// The live page: listens to one stream, draws each picture, keeps five minutes of lines.

import * as charts from './charts.js'
import { at, byId, counted, describe, element, navigation, number, personLink, table } from './dom.js'
import { scoreboard } from './models.js'
import { drawSegments } from './segment-map.js'
import { listen } from './stream.js'

const sum = (counts) => Object.values(counts ?? {}).reduce((total, count) => total + count, 0)
const rounded = (value) => (value === null ? '–' : number(Math.round(value)))
const milliseconds = (value) => (value === null ? 'unknown' : `${number(value)} ms`)
let last = null

function drawTiles(picture) {
  byId('rate').textContent = rounded(charts.mean(charts.LINES.events))
  byId('answering').textContent = rounded(charts.mean(charts.LINES.answers))
  byId('lag').textContent = milliseconds(picture.lag_ms)
  byId('where').textContent = `${picture.site}, ${picture.namespace}, ${counted(picture.items, 'item')}`
}

const reasons = (counts) => Object.entries(counts).map(([why, count]) => `${why} ${number(count)}`).join(', ')

function drawStages({ events, parts, lag_ms: lag, answers, checkpoint, time }) {
  const waiting = sum(parts.map((part) => part.lag))
  const stages = [
    ['Log', 'what is to be read', ['waiting', waiting], ['partitions', parts.length]],
    ['Clean', 'refused, or without consent', ['rejected', sum(events.rejected), reasons(events.rejected)], ['withheld', sum(events.withheld), reasons(events.withheld)]],
    ['Dedupe', 'ids that came before', ['duplicate', events.duplicate]],
    ['Profiles', 'what took effect', ['applied', events.applied], ['late', events.late]],
    ['Models', 'not learnt from: programs', ['kept out', sum(events.unlearnt), reasons(events.unlearnt)]],
    ['Views', 'what answers are made of', ['lag', milliseconds(lag)], ['saved', checkpoint ? `${number(Math.max(0, Math.round((time - checkpoint.time) / 1000)))} s ago` : 'never']],
    ['API', 'what was asked', ['answers', answers]],
  ]
  byId('stages').replaceChildren(...stages.map(([name, what, ...figures]) => element('li', {},
    element('b', {}, name), element('p', { class: 'note' }, what),
    element('dl', {}, ...figures.flatMap(([label, value, title = '']) => [
      element('dt', {}, label), element('dd', { title, 'data-figure': label }, typeof value === 'number' ? number(value) : value)])))))
}

function drawFunnel(funnel) {
  const steps = funnel?.last[byId('span').value]
  if (!steps) {
    byId('funnel').replaceChildren(element('p', { class: 'empty' }, 'No visit yet: send a `view`, or open the shop.'))
    return
  }
  const most = Math.max(1, ...Object.values(steps))
  const names = { view: 'looked', add_to_cart: 'put into the cart', purchase: 'bought' }
  const share = (count) => (steps.view ? `${number(100 * count / steps.view, 1)} %` : '–')
  byId('funnel').replaceChildren(table(['step', 'visits', 'of these', 'drawn'], Object.entries(steps).map(([step, count]) => (
    [names[step], number(count), share(count), element('meter', { max: most, value: count, 'aria-label': names[step] })])), ''))
}

function drawTrending(items) {
  byId('trending').replaceChildren(...items.length ? items.map(({ title }) => element('li', {}, title))
    : [element('p', { class: 'empty' }, 'Nothing yet: it takes a few minutes of visits.')])
}

const conceptLink = (name, label) => element('a', { href: `concepts?name=${encodeURIComponent(name)}` }, label)

let titles = new Map() // of the items that rules speak of

// Asked of the catalogue once an item; until it answers the ids stand there.
async function learnTitles(ids) {
  const missing = ids.filter((id) => !titles.has(id))
  if (!missing.length) return
  titles = new Map([...titles, ...missing.map((id) => [id, id])])
  const found = await describe(missing).catch(() => [])
  found.forEach((item, index) => titles.set(missing[index], item?.title || missing[index]))
}

function drawKnowledge({ rules, concepts }) {
  learnTitles([...new Set(rules.flatMap(({ given, then }) => [...given, then]))])
  const named = (id) => titles.get(id) ?? id
  byId('rules').replaceChildren(table(['with', 'comes', 'in one', 'lift', 'how sure'], rules.map((rule) => (
    [rule.given.map(named).join(' + '), named(rule.then), rule.basis, number(rule.lift, 2), number(rule.confidence, 2)])),
  'No rule is sure enough yet: it takes some hundred orders or visits.'))
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
    'Nobody whose answers are judged touched anything yet: ask for recommendations, then send what was clicked.')
  put('triggers', ['person', 'campaign', 'at'],
    [...picture.triggers].sort((a, b) => b.time - a.time).map((trigger) => [personLink(trigger.user),
      trigger.campaign + (trigger.holdout ? ' (held out)' : ''), at(trigger.time)]),
    element('span', {}, 'None yet. ', element('a', { href: 'campaigns' }, 'Make a campaign'), ', and they come here as they fire.'))
  byId('models').replaceChildren(scoreboard(picture.models))
}

function draw(picture) {
  last = picture
  charts.add([picture.time, picture.events.ended, picture.answers, picture.lag_ms])
  drawTiles(picture)
  drawStages(picture)
  drawFunnel(picture.funnel)
  drawSegments(picture.segments)
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
