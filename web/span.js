// A value and its bounds on a line, with the mark of zero: what a glance takes in of an interval.

const SVG = 'http://www.w3.org/2000/svg'

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

// `least` and `most` are the ends of the line; `text` is what it says.
export function span({ value, low, high, least, most, text }) {
  const [width, middle] = [120, 9]
  const place = (number) => 4 + (width - 8) * (Math.min(Math.max(number, least), most) - least) / (most - least)
  const picture = shape('svg', { class: 'span', width, height: 18, viewBox: `0 0 ${width} 18`, role: 'img', 'aria-label': text })
  picture.append(
    shape('line', { x1: 4, x2: width - 4, y1: middle, y2: middle }),
    shape('line', { x1: place(0), x2: place(0), y1: 2, y2: 16 }))
  if (low !== null && high !== null) picture.append(shape('line', { class: 'reach', x1: place(low), x2: place(high), y1: middle, y2: middle }))
  picture.append(shape('circle', { cx: place(value), cy: middle, r: 4 }))
  return picture
}
