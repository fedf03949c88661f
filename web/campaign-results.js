// What a campaign did: against those held out, and how that came about over time.

import { at, byId, counted, element, number, percent, table } from './dom.js'
import { learnNames, named } from './segment-names.js'

/* global uPlot */
const HEIGHT = 190
const DAY_S = 86400
let chart = null
let drawn = ''

export const points = (share) => (share === null ? '–' : `${share > 0 ? '+' : ''}${number(Math.round(10000 * share) / 100)}`)
export const inPoints = (share) => `${points(share)} ${Math.abs(Math.round(10000 * share)) === 100 ? 'point' : 'points'}`
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const region = (label, made) => element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, made)

function verdict({ uplift, assignment, horizon_days: days }) {
  if (assignment.mismatch) return 'The groups’ sizes cannot have come of the shares that were meant: no difference can be believed.'
  if (uplift === null) return 'Nobody was held out, so nothing can be said of what it added. Hold some out.'
  const { difference, low, high, sure } = uplift
  if (low === null) return `${inPoints(difference)} so far; bounds come with 100 people and 20 conversions in each group.`
  return `${inPoints(difference)} of conversion within ${counted(days, 'day')}, between ${points(low)} and ${points(high)}${sure ? '.' : ': it may be nothing.'}`
}

// Whether there are bounds, within which what was added is known.
const believed = ({ uplift, assignment }) => !assignment.mismatch && (uplift?.low ?? null) !== null

const LINES = [['triggers', 'triggers'], ['delivered', 'delivered'], ['opened', 'opened'], ['clicked', 'clicked'], ['people', 'people'], ['converted', 'converted'], ['purchases', 'order lines'], ['revenue', 'revenue']]

function figures({ sent, holdout }) {
  const cell = (told, name) => (told === null ? '–' : number(told[name]))
  return table(['figure', 'sent to', 'held out'], [
    ...LINES.map(([name, text]) => [text, cell(sent, name), cell(holdout, name)]),
    ['conversion', percent(sent.conversion), percent(holdout?.conversion)],
    ['revenue a person', number(sent.revenue_per_person), number(holdout?.revenue_per_person)],
  ], '')
}

const between = ({ low, high }) => (low === null ? '–' : `${points(low)} to ${points(high)}`)
const bounds = (uplift) => (uplift ? [points(uplift.difference), between(uplift)] : ['–', '–'])
const parts = (found, what) => table([what, 'people', 'conversion, %', 'uplift', 'between'], Object.entries(found).map(
  ([name, told]) => [named(name, 'none'), number(told.people), number(Math.round(1000 * told.conversion) / 10), ...bounds(told.uplift)]), 'none')

const overTime = (found) => table(['until', 'people', 'converted', 'held out', 'converted', 'uplift', 'low', 'high'], found.map((one) => [
  at(one.time), number(one.people), number(one.converted), number(one.held), number(one.held_converted), points(one.difference), points(one.low), points(one.high)]), 'nothing yet')

// Ticks a day or more apart are of days, others of moments.
const dates = (_, ticks, axis, space, apart) => ticks.map((tick) => (apart < DAY_S ? at(1000 * tick) : at(1000 * tick).split(',')[0]))

function makeChart(place) {
  const axis = { stroke: colour('--faint'), grid: { stroke: colour('--line'), width: 1 } }
  const value = (_, y) => (y === null || y === undefined ? '–' : inPoints(y / 100))
  const line = (label, width, more = {}) => ({ label, width, stroke: colour('--water'), value, points: { show: false }, ...more })
  return new uPlot({
    width: place.clientWidth,
    height: HEIGHT,
    axes: [{ ...axis, space: 90, values: dates }, { ...axis, size: 60 }],
    scales: { y: { range: (_, low, high) => [Math.min(low, 0) - 0.5, Math.max(high, 0) + 0.5] } },
    series: [{ label: 'until', value: (_, x) => (x ? at(1000 * x) : '–') }, line('low', 1, { dash: [4, 4] }), line('high', 1, { dash: [4, 4] }), line('uplift', 2)],
    bands: [{ series: [2, 1], fill: `color-mix(in srgb, ${colour('--water')} 15%, transparent)` }],
  }, [[]], place)
}

// What stands in place of a line that would have no length.
function before(known) {
  if (!known.length) return 'There is a line once some were sent to and some held out.'
  const [one] = known
  return `${inPoints(one.difference)} until ${at(one.time)}, of ${counted(one.people, 'person', 'people')} and ${number(one.held)} held out. There is a line once there are two such figures.`
}

function drawChart(place, found) {
  chart?.destroy()
  chart = null
  const known = found.filter((one) => one.difference !== null)
  if (known.length < 2) return place.replaceWith(element('p', { class: 'note' }, before(known)))
  place.replaceChildren()
  chart = makeChart(place)
  const shares = (name) => found.map((one) => (one[name] === null ? null : 100 * one[name]))
  chart.setData([found.map(({ time }) => time / 1000), shares('low'), shares('high'), shares('difference')])
  chart.setLegend({ idx: found.length - 1 })
}

// Show results where the open campaign has a place for them; what did not change is left as it is.
export function drawResults(told) {
  const place = byId('results')
  const text = JSON.stringify(told)
  if (place === null || (drawn === text && place.querySelector('h2'))) return
  drawn = text
  const open = [...place.querySelectorAll('details')].map((one) => one.open)
  const line = element('div', { class: 'chart', role: 'img', 'aria-label': 'Uplift over time, with its bounds; the figures are in the table below' })
  place.replaceChildren(
    element('h2', {}, `What version ${told.version} did`),
    element('p', { id: 'verdict' }, verdict(told)),
    region('Figures', figures(told)),
    element('p', { class: 'note' }, told.value_per_send === null || !believed(told) ? '' : `A trigger added ${number(told.value_per_send)} of revenue, beside those held out.`),
    element('h3', {}, 'Uplift over time, in points'), line,
    element('details', {}, element('summary', {}, 'As a table'), region('Uplift over time', overTime(told.over_time))),
    ...(Object.keys(told.variants).length ? [element('h3', {}, 'Variants'), region('Variants', parts(told.variants, 'variant'))] : []),
    element('h3', {}, 'By segment'), region('Segments', parts(told.segments, 'segment')),
    element('h3', {}, 'Groups'), region('Groups', table(['group', 'people', 'meant'], Object.entries(told.assignment.people).map(
      ([name, people]) => [name, number(people), percent(told.assignment.meant[name])]), 'nobody yet')))
  place.querySelectorAll('details').forEach((one, index) => { one.open = open[index] ?? false })
  drawChart(line, told.over_time)
  learnNames(Object.keys(told.segments)).then((learnt) => {
    if (!learnt) return
    drawn = ''
    drawResults(told)
  }, () => {})
}

// The colours of the chart are those of the page.
export const redraw = () => { drawn = '' }
addEventListener('resize', () => {
  chart?.setSize({ width: chart.root.parentElement.clientWidth, height: HEIGHT })
  chart?.setLegend({ idx: chart.data[0].length - 1 }) // the newest, until something is pointed at
})
