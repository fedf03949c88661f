// Segments as circles, near where they are alike, none upon another; names where there is room, the others when
// a circle is pointed at. The number in a circle is that of its line in the list.

import { byId, counted, element } from './dom.js'
import { shape } from './svg.js'

const [HALF_WIDE, HALF_HIGH, GAP, ROUNDS] = [100, 62, 2, 200]
const LINE = 8 // of a label

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

// Where a name stands that is `half` as wide to each side: below its circle, above, or beside it;
// not `free` where it would cover something, and then it shows when its circle is pointed at.
function room({ x, y, r }, half, circles, taken) {
  const edge = HALF_WIDE + 8
  const centre = Math.max(half - edge, Math.min(edge - half, x))
  const places = [[centre, y + r + LINE - 1], [centre, y - r - 2], [x + r + 2 + half, y + 2.2], [x - r - 2 - half, y + 2.2]]
    .map(([at, line]) => ({ box: [at - half, line - 6, at + half, line + 1.5], x: at - x, y: line - y }))
    .filter(({ box: [left, top, right, bottom] }) => left >= -edge && right <= edge && top > -HALF_HIGH - LINE && bottom < HALF_HIGH + LINE)
  const free = places.find(({ box }) => (
    taken.every((other) => box[2] < other[0] || other[2] < box[0] || box[3] < other[1] || other[3] < box[1])
    && circles.every((one) => {
      const [dx, dy] = [Math.max(box[0] - one.x, one.x - box[2], 0), Math.max(box[1] - one.y, one.y - box[3], 0)]
      return Math.hypot(dx, dy) >= one.r
    })))
  return { free: Boolean(free), ...(free ?? places[0]) }
}

function groupOf(map, id) {
  const known = [...map.children].find((one) => one.dataset.id === id)
  if (known) return known
  const made = shape('g', { 'data-id': id, role: 'img', tabindex: 0 })
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
    const group = groupOf(map, one.id)
    const [circle, place, label] = group.children
    group.setAttribute('transform', `translate(${one.x.toFixed(1)} ${one.y.toFixed(1)})`) // before its text is measured: a new one stands there at once
    label.textContent = one.text
    const spot = room(one, label.getComputedTextLength() / 2, circles, taken)
    if (spot.free) taken.push(spot.box)
    group.classList.toggle('crowded', !spot.free)
    group.setAttribute('aria-label', one.text)
    circle.setAttribute('r', one.r)
    place.textContent = String(index + 1)
    place.setAttribute('y', 2.4)
    label.setAttribute('x', spot.x)
    label.setAttribute('y', spot.y)
  })
  for (const group of [...map.children]) if (!segments.some(({ id }) => id === group.dataset.id)) group.remove()
  byId('segments').replaceChildren(...segments.length ? segments.map(({ id, name, telling, size }) => (
    element('li', {}, `${name} (${id}, ${counted(size, 'person', 'people')})${telling ? `: ${telling}` : ''}`))) : [element('p', { class: 'empty' }, 'None yet: they form once some hundred visits have ended.')])
}
