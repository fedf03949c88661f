// Elements of SVG.

const SVG = 'http://www.w3.org/2000/svg'

export function shape(name, attributes = {}, text = '') {
  const made = document.createElementNS(SVG, name)
  made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}
