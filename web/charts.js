// Moving lines of the last five minutes, drawn by uPlot.

import { byId, number } from './dom.js'

/* global uPlot */
const KEPT = 300
const HEIGHT = 170

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
  events: { label: 'events', colour: '--water', value: perSecond(1) },
  answers: { label: 'answers', colour: '--leaf', value: perSecond(2) },
  lag: { label: 'lag', colour: '--water', value: (at) => points[at][3] },
}

// The newest value of a line; null where there is none.
export const newest = ({ value }) => (points.length > 1 ? value(points.length - 1) : null)

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
let drawn = []

function chart({ id, lines, unit }) {
  const axis = { stroke: colour('--faint'), grid: { stroke: colour('--line'), width: 1 } }
  const options = {
    width: byId(id).clientWidth,
    height: HEIGHT,
    axes: [axis, { ...axis, size: 84, values: (_, ticks) => ticks.map((tick) => number(tick) + unit) }],
    scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
    series: [{ label: 'time' }, ...lines.map((line) => ({
      label: line.label, stroke: colour(line.colour), width: 2,
      value: (_, y) => (y === null ? '–' : number(Math.round(y)) + unit),
    }))],
  }
  return { lines, plot: new uPlot(options, [[]], byId(id)) }
}

function redraw() {
  const at = points.map((_, index) => index).slice(1)
  const times = at.map((index) => points[index][0] / 1000)
  for (const { lines, plot } of drawn) plot.setData([times, ...lines.map(({ value }) => at.map(value))])
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
