// What the pages share: asking the API, and making elements.

import { ask } from './asking.js'

export { ask }
export const byId = (id) => document.getElementById(id)
export const number = (value, digits = 3) => (value === null || value === undefined ? '–'
  : new Intl.NumberFormat('en', { signDisplay: 'negative', maximumFractionDigits: digits }).format(value))

// A count with its noun, in the plural where it is not one.
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`

export const percent = (share) => (
  share === null || share === undefined ? '–' : `${number(Math.round(1000 * share) / 10)} %`)
// A moment, as short as it can be: of today the time alone.
export function at(time) {
  if (!time) return '–'
  const [then, now] = [new Date(time), new Date()]
  const clock = then.toLocaleTimeString('en-GB')
  if (then.toDateString() === now.toDateString()) return clock
  const year = then.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }
  return `${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })}, ${clock}`
}

const DONE = {
  view: 'looked at', click: 'clicked', search: 'searched', add_to_cart: 'put into the cart', remove_from_cart: 'took out of the cart',
  purchase: 'bought', cancel: 'cancelled', impression: 'was shown', share: 'shared', like: 'liked', dislike: 'disliked', rating: 'rated', return: 'sent back',
}
// What an event's type means, in words.
export const done = (type) => DONE[type] ?? type

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

export const personLink = (id) => element('a', { href: `person?id=${encodeURIComponent(id)}` }, id)

// A list of names and values.
export function rows(pairs) {
  const list = element('dl', { class: 'rows' })
  for (const [name, value] of pairs) list.append(element('dt', {}, name), element('dd', {}, String(value)))
  return list
}

const isFigure = (text) => /^[-+–\d.,% ]+$/.test(text)
const isTime = (text) => typeof text === 'string' && text.length < 26 && /\d:\d\d:\d\d$|^[\d.,]+ s( ago)?$|^now$/.test(text)

// A table; the first cell of each row heads it. Columns of figures stand to the right. Without
// lines it is a sentence: why there is nothing, and what would bring something.
export function table(heads, lines, nothing) {
  if (!lines.length) return element('p', { class: 'empty' }, nothing)
  const every = (column, fits) => lines.every((line) => fits(line[column]))
  const kinds = heads.map((_, column) => (every(column, isFigure) ? 'figure' : every(column, isTime) ? 'time' : ''))
  const cell = (name, column, child, attributes = {}) => (
    element(name, { ...attributes, ...(kinds[column] && { class: kinds[column] }) }, child))
  const head = element('tr', {}, ...heads.map((text, column) => cell('th', column, text, { scope: 'col' })))
  const body = lines.map((line) => element('tr', {}, ...line.map((child, column) => (
    column ? cell('td', column, child) : cell('th', column, child, { scope: 'row' })))))
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
