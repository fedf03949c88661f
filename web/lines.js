// Small pictures of time: when somebody was here, and what a score was.

const SVG = 'http://www.w3.org/2000/svg'
const [WIDTH, HEIGHT] = [300, 44]

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

const picture = (text, ...shapes) => shape('svg', { class: 'line', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': text }, ...shapes)

// A value's points over time, from its lowest to its highest.
export function line(points, text) {
  const times = points.map(({ time }) => time)
  const values = points.map(({ value }) => value)
  const [first, last, low, high] = [Math.min(...times), Math.max(...times), Math.min(...values), Math.max(...values)]
  const at = ({ time, value }) => [
    4 + (WIDTH - 8) * (last > first ? (time - first) / (last - first) : 1),
    HEIGHT - 5 - (HEIGHT - 10) * (high > low ? (value - low) / (high - low) : 0.5)]
  const [x, y] = at(points.at(-1))
  return picture(text, shape('polyline', { points: points.map((one) => at(one).join(',')).join(' ') }), shape('circle', { cx: x, cy: y, r: 3 }))
}

// Visits as bars over time, each as high as it had touches; those that follow closely still stand apart.
export function visits(found, text) {
  const first = Math.min(...found.map(({ start }) => start))
  const last = Math.max(...found.map((one) => one.last))
  const most = Math.max(...found.map(({ touches }) => touches))
  const x = (time) => 4 + (WIDTH - 12) * (last > first ? (time - first) / (last - first) : 0)
  return picture(text, shape('line', { x1: 0, x2: WIDTH, y1: HEIGHT - 4, y2: HEIGHT - 4 }), ...found.map(({ start, last: end, touches }) => {
    const tall = Math.max(4, (HEIGHT - 8) * (touches / most))
    return shape('rect', { x: x(start), width: Math.max(3, x(end) - x(start)), y: HEIGHT - 4 - tall, height: tall, rx: 1.5 })
  }))
}
