// What the pages share: asking the API, and making elements.

import { ask } from './asking.js'

export { ask }
export const byId = (id) => document.getElementById(id)
export const number = (value, digits = 3) => (value === null || value === undefined ? '–'
  : new Intl.NumberFormat('en', { signDisplay: 'negative', maximumFractionDigits: digits }).format(value))

export const percent = (share) => (
  share === null || share === undefined ? '–' : `${number(Math.round(1000 * share) / 10)} %`)
export const at = (time) => (time ? new Date(time).toLocaleString() : '–')

// A question's parameters, with the site that the page's own address names (`?site=`), if any: an
// operator's key is of all sites.
export function ofSite(parameters = {}) {
  const site = new URLSearchParams(location.search).get('site')
  return new URLSearchParams({ ...parameters, ...(site && { site }) })
}

const PAGES = [
  ['./', 'Live'],
  ['person', 'A person'],
  ['campaigns', 'Campaigns'],
  ['feedback', 'Feedback'],
  ['shop', 'Shop'],
  ['concepts', 'Concepts'],
  ['operations', 'Operations'],
  ['docs', 'API'],
  ['metrics', 'Metrics'],
]

// The way from each page to the others, in its `nav`.
export function navigation() {
  const here = location.pathname.split('/').pop() || './'
  byId('pages').replaceChildren(...PAGES.map(([path, text]) => (
    element('a', { href: path, ...(path === here && { 'aria-current': 'page' }) }, text))))
}

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else made.setAttribute(key, value)
  }
  made.append(...children.filter((child) => child !== null))
  return made
}

// A list of names and values.
export function rows(pairs) {
  const list = element('dl', { class: 'rows' })
  for (const [name, value] of pairs) list.append(element('dt', {}, name), element('dd', {}, String(value)))
  return list
}

const isFigure = (text) => /^[-+–\d.,% ]+$/.test(text)

// A table; the first cell of each row heads it. Columns of figures stand to the right.
export function table(heads, lines, nothing) {
  const figures = heads.map((_, column) => lines.length > 0 && lines.every((line) => isFigure(line[column])))
  const cell = (name, column, child, attributes = {}) => (
    element(name, { ...attributes, ...(figures[column] && { class: 'figure' }) }, child))
  const head = element('tr', {}, ...heads.map((text, column) => cell('th', column, text, { scope: 'col' })))
  const none = [element('tr', {}, element('td', { colspan: heads.length }, nothing))]
  const body = lines.length ? lines.map((line) => element('tr', {}, ...line.map((child, column) => (
    column ? cell('td', column, child) : cell('th', column, child, { scope: 'row' }))))) : none
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...body))
}

const goods = new Map()

// What the catalogue says of items, each asked for once.
export async function describe(ids) {
  const missing = [...new Set(ids)].filter((id) => !goods.has(id))
  for (let first = 0; first < missing.length; first += 100) {
    const query = missing.slice(first, first + 100).map((id) => `id=${encodeURIComponent(id)}`).join('&')
    for (const item of (await ask(`v1/items?${query}`)).items) goods.set(item.item, item)
  }
  return ids.map((id) => goods.get(id))
}
