// Segments as circles, near where they are alike, none upon another; names where there is room.

import { byId, counted, element } from './dom.js'
import { shape } from './svg.js'

const [HALF_WIDE, HALF_HIGH, GAP, ROUNDS] = [100, 62, 2, 200]
const [LETTER, LINE] = [3.5, 8] // about, of a label

// Circles pushed apart along the line between them, as little as needed; the same every time.
export function apart(circles) {
  const placed = circles.map((one) => ({ ...one }))
  for (let round = 0; round < ROUNDS; round += 1) {
    let moved = false
    placed.forEach((a, first) => placed.slice(first + 1).forEach((b) => {
      const [dx, dy] = [b.x - a.x || 0.01 * (first + 1), b.y - a.y || 0.01]
      const distance = Math.hypot(dx, dy)
      const lack = a.r + b.r + GAP - distance
      if (lack <= 0.01) return
      moved = true
      for (const [one, way] of [[a, -1], [b, 1]]) {
        one.x += way * lack * dx / distance / 2
        one.y += way * lack * dy / distance / 2
      }
    }))
    for (const one of placed) {
      one.x = Math.max(one.r - HALF_WIDE, Math.min(HALF_WIDE - one.r, one.x))
      one.y = Math.max(one.r - HALF_HIGH, Math.min(HALF_HIGH - LINE - one.r, one.y))
    }
    if (!moved) break
  }
  return placed
}

// Where a name may stand: below its circle, or above it; null where it would cover something.
function room({ x, y, r, text }, circles, taken) {
  const half = LETTER * text.length / 2
  const centre = Math.max(half - HALF_WIDE - 8, Math.min(HALF_WIDE + 8 - half, x))
  for (const line of [y + r + LINE - 1, y - r - 2]) {
    const box = [centre - half, line - 6, centre + half, line + 1.5]
    const free = taken.every((other) => box[2] < other[0] || other[2] < box[0] || box[3] < other[1] || other[3] < box[1])
      && circles.every((one) => {
        const [dx, dy] = [Math.max(box[0] - one.x, one.x - box[2], 0), Math.max(box[1] - one.y, one.y - box[3], 0)]
        return Math.hypot(dx, dy) >= one.r
      })
    if (free && line > -HALF_HIGH - LINE && line < HALF_HIGH + LINE) return { box, x: centre - x, y: line - y }
  }
  return null
}

function groupOf(map, id) {
  const known = [...map.children].find((one) => one.dataset.id === id)
  if (known) return known
  const made = shape('g', { 'data-id': id })
  made.append(shape('circle'), shape('text', { class: 'place' }), shape('text'))
  map.append(made)
  return made
}

// Each way by itself from end to end, so that there is room between them.
function spread(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return values.map((value) => (high > low ? 2 * (value - low) / (high - low) - 1 : 0))
}

// Groups are kept by segment, so that they move to their new places.
export function drawSegments(segments) {
  const map = byId('map')
  const [xs, ys] = ['x', 'y'].map((way) => spread(segments.map((one) => one[way])))
  const circles = apart(segments.map(({ id, name, share }, index) => (
    { id, text: name, r: 5 + 24 * Math.sqrt(share), x: 78 * xs[index], y: -42 * ys[index] })))
  const taken = []
  circles.forEach((one, index) => {
    const [circle, place, label] = groupOf(map, one.id).children
    const spot = room(one, circles, taken)
    if (spot) taken.push(spot.box)
    circle.parentElement.setAttribute('transform', `translate(${one.x.toFixed(1)} ${one.y.toFixed(1)})`)
    circle.setAttribute('r', one.r)
    place.textContent = String(index + 1)
    place.setAttribute('y', 2.4)
    label.textContent = spot ? one.text : ''
    label.setAttribute('x', spot?.x ?? 0)
    label.setAttribute('y', spot?.y ?? 0)
  })
  for (const group of [...map.children]) if (!segments.some(({ id }) => id === group.dataset.id)) group.remove()
  byId('segments').replaceChildren(...segments.length ? segments.map(({ id, name, telling, size }) => (
    element('li', {}, `${name} (${id}, ${counted(size, 'person', 'people')})${telling ? `: ${telling}` : ''}`))) : [element('p', { class: 'empty' }, 'None yet: they form once some hundred visits have ended.')])
}
