// Moving lines of the last five minutes, drawn by uPlot.

import { byId, number } from './dom.js'

/* global uPlot */
const KEPT = 300
const HEIGHT = 170
const SILENT_MS = 5000 // a picture comes each second: after so long without one the lines are cut
const MEAN_MS = 5000

// A point is [time, events ended, answers given, lag], as `point` of api/pages/routes.py.
const points = []

// Change of a count by the second between two points; nothing where a restart set it back.
const perSecond = (column) => (at) => {
  const [before, after] = [points[at - 1], points[at]]
  const gained = after[column] - before[column]
  const seconds = (after[0] - before[0]) / 1000
  return gained < 0 || seconds <= 0 ? null : gained / seconds
}

export const LINES = {
  events: { label: 'events', colour: '--water', column: 1, value: perSecond(1) },
  answers: { label: 'answers', colour: '--leaf', column: 2, value: perSecond(2) },
  lag: { label: 'lag', colour: '--water', value: (at) => points[at][3] },
}

// The mean of a rate over the last seconds; null where there is none.
export function mean({ column }) {
  const last = points.at(-1)
  const first = points.find(([time]) => last[0] - time <= MEAN_MS)
  if (!first || first === last || last[column] < first[column]) return null
  return (last[column] - first[column]) / ((last[0] - first[0]) / 1000)
}

// Nothing for the ticks that there are before the first line.
const clock = (seconds) => (seconds > 1e6 ? new Date(1000 * seconds).toLocaleTimeString('en-GB') : '')
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
let drawn = []

function chart({ id, lines, unit }) {
  const axis = { stroke: colour('--faint'), grid: { stroke: colour('--line'), width: 1 } }
  const options = {
    width: byId(id).clientWidth,
    height: HEIGHT,
    axes: [{ ...axis, space: 70, values: (_, ticks) => ticks.map(clock) }, { ...axis, size: 84, values: (_, ticks) => ticks.map((tick) => number(tick) + unit) }],
    scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
    series: [{ label: 'at', value: (_, x) => (x ? clock(x) : '–') }, ...lines.map((line) => ({
      label: line.label, stroke: colour(line.colour), width: 2, points: { show: false },
      value: (_, y) => (y === null ? '–' : number(Math.round(y)) + unit),
    }))],
  }
  return { lines, plot: new uPlot(options, [[]], byId(id)) }
}

// The places of the points that are drawn; null where nothing came for a while, so that no line
// is drawn over what nobody saw.
function placed() {
  return points.flatMap(([time], index) => {
    if (!index) return []
    return time - points[index - 1][0] > SILENT_MS ? [null, index] : [index]
  })
}

function redraw() {
  const places = placed()
  const times = places.map((index, at) => (index === null ? points[places[at + 1] - 1][0] + 1 : points[index][0]) / 1000)
  for (const { lines, plot } of drawn) {
    plot.setData([times, ...lines.map(({ value }) => places.map((index) => (index === null ? null : value(index))))])
    if (plot.cursor.idx === null || plot.cursor.idx === undefined) plot.setLegend({ idx: times.length - 1 }) // else what is pointed at
  }
}

export function add(point) {
  points.push(point)
  if (points.length > KEPT) points.shift()
  redraw()
}

export function begin(history) {
  points.splice(0, points.length, ...history)
  redraw()
}

// Make the charts, and keep them as wide as their place and in the colours of the page.
export function draw(charts) {
  const make = () => {
    drawn.forEach(({ plot }) => plot.destroy())
    drawn = charts.map(chart)
    redraw()
  }
  make()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', make)
  new ResizeObserver(() => drawn.forEach(({ plot }) => (
    plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT })))).observe(document.querySelector('main'))
}
