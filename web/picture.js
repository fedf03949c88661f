// A picture of an item: its own where the catalogue has one; else a field in the colour of its
// category with its first letters, so that a shelf can be told apart at a glance.

import { element } from './dom.js'
import { shape } from './svg.js'

const HUES = 360
const hue = (text) => [...text].reduce((sum, letter) => (31 * sum + letter.codePointAt(0)) % HUES, 7)
const letters = (text) => text.split(/\s+/).slice(0, 2).map((word) => word[0] ?? '').join('').toUpperCase()

export function picture({ title, item, category, image }) {
  // The page may show what is of its own origin, and nothing else.
  if (image?.startsWith('/') && !image.startsWith('//')) return element('img', { src: image, alt: '', loading: 'lazy', class: 'picture' })
  const colour = hue(category || item)
  const made = shape('svg', { class: 'picture', viewBox: '0 0 120 70', 'aria-hidden': 'true', preserveAspectRatio: 'xMidYMid slice' })
  made.append(
    shape('rect', { width: 120, height: 70, fill: `hsl(${colour} 45% 42%)` }),
    shape('circle', { cx: 100, cy: 62, r: 34, fill: `hsl(${colour} 45% 50%)` }),
    shape('text', { x: 12, y: 47, fill: '#fff', 'font-size': 30, 'font-weight': 700 }, letters(title || item)))
  return made
}
