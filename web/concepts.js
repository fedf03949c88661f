// The concept graph: a concept in the middle, what goes with it around, and the same as tables.

import { ask, byId, describe, element, navigation, number, rows, table } from './dom.js'
import { layout } from './layout.js'
import { shape } from './svg.js'

const RELATED = 12
const BEYOND = 3 // of each related one, so many of its own
const FOUND = 30
const NARROW = 560 // pixels: then only what is next to the middle
const TYPING_MS = 250
let turn = 0
let drawn = null

const address = (name) => `?name=${encodeURIComponent(name)}`
const link = (name, text = name) => element('a', { href: address(name), onclick: (event) => go(event, name) }, text)

function go(event, name) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  history.pushState(null, '', address(name))
  show()
}

// An answer of a store that was too slow says nothing: ask again.
async function certain(path, tries = 5) {
  const answer = await ask(path)
  if (!answer.degraded || tries === 0) return answer
  await new Promise((done) => { setTimeout(done, 400) })
  return certain(path, tries - 1)
}

// Null if it is not known, or was not written yet.
async function concept(name) {
  const answer = await certain(`v1/concepts/${encodeURIComponent(name)}`)
  if (answer.degraded) throw new Error('The store is too slow to say; look again')
  return answer.concept
}

// The most met one: the directory names some before they are written themselves.
async function mostMet() {
  for (const { name } of (await certain('v1/concepts?n=8')).concepts) {
    const found = await concept(name)
    if (found) return found
  }
  return null
}

// --- the graph ----------------------------------------------------------------------------------

const linked = (from, related, many) => related.slice(0, many).map(({ name, strength }) => ({ from, to: name, strength, kind: 'related' }))

// Links of the middle, then those of what is next to it; each pair once.
function linksOf(middle, around, many) {
  const found = [
    ...linked(middle.name, middle.related, RELATED),
    ...middle.synonyms.map(({ name, strength }) => ({ from: middle.name, to: name, strength, kind: 'same' })),
    ...[...middle.parents, ...middle.children].map((name) => ({ from: middle.name, to: name, strength: 0.3, kind: 'tree' })),
    ...around.flatMap(({ name, related }) => linked(name, related, many)),
  ]
  const once = new Map()
  for (const one of found) {
    const pair = [one.from, one.to].sort().join('\n')
    if (one.from !== one.to && !once.has(pair)) once.set(pair, one)
  }
  return [...once.values()]
}

function drawGraph() {
  if (!drawn) return
  const { middle, around } = drawn
  const graph = byId('graph')
  const width = graph.clientWidth
  const links = linksOf(middle, around, width < NARROW ? 0 : BEYOND)
  const nodes = [...new Set([middle.name, ...links.flatMap(({ from, to }) => [from, to])])]
  const height = Math.max(320, Math.min(640, nodes.length * 22))
  graph.setAttribute('viewBox', `${-width / 2} ${-height / 2} ${width} ${height}`)
  graph.style.height = `${height}px`
  const places = layout(nodes, links)
  const at = (name) => places.get(name).map((value, way) => value * ([width, height][way] / 2 - [70, 22][way]))
  const lines = links.map(({ from, to, strength, kind }) => {
    const [[x1, y1], [x2, y2]] = [at(from), at(to)]
    return shape('line', { x1, y1, x2, y2, class: kind, 'stroke-width': kind === 'tree' ? 1 : 0.5 + 6 * strength })
  })
  const near = new Set(links.filter(({ from }) => from === middle.name).map(({ to }) => to))
  const marks = nodes.map((name) => {
    const [x, y] = at(name)
    const made = shape('a', { href: address(name), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
      class: name === middle.name ? 'middle' : near.has(name) ? 'near' : 'far' })
    made.append(shape('circle', { r: name === middle.name ? 9 : near.has(name) ? 6 : 4 }), shape('text', { y: -10 }, name))
    made.addEventListener('click', (event) => go(event, name))
    return made
  })
  replaceKeepingFocus(graph, [...lines, ...marks])
}

// A graph is drawn again when the neighbours come, and on another width: Enter is not to be lost by that.
function replaceKeepingFocus(graph, drawing) {
  const focused = graph.querySelector('a:focus')?.getAttribute('href')
  graph.replaceChildren(...drawing)
  drawing.find((one) => focused && one.getAttribute('href') === focused)?.focus({ preventScroll: true })
}

// --- the tables ---------------------------------------------------------------------------------

function drawFacts(middle) {
  const list = (names) => (names.length ? names.flatMap((name, at) => (at ? [', ', link(name)] : [link(name)])) : ['none'])
  const facts = rows([
    ['kinds', middle.kinds.join(', ')],
    ['share of windows', number(middle.share, 4)],
    ['windows', number(middle.count)],
    ['trend', `${number(middle.trend, 2)} times the usual`],
  ])
  for (const [name, names] of [['above', middle.parents], ['below', middle.children], ['the same', middle.synonyms.map((one) => one.name)]]) {
    facts.append(element('dt', {}, name), element('dd', {}, ...list(names)))
  }
  byId('concept-title').textContent = middle.label
  byId('facts').replaceChildren(facts)
  const strength = ({ strength: value }) => number(value, 4)
  byId('related').replaceChildren(table(['concept', 'strength'],
    middle.related.map((one) => [link(one.name), strength(one)]), 'Nothing yet.'))
  document.title = `${middle.label}, a concept`
}

async function drawItems({ items }) {
  const described = await describe(items.map(({ item }) => item))
  return table(['item', 'category', 'share'], items.map(({ strength }, at) => (
    [described[at]?.title || items[at].item, described[at]?.category ?? '–', number(strength, 4)])), 'None yet.')
}

function nothing(text) {
  drawn = null
  byId('concept-title').textContent = text
  for (const id of ['graph', 'facts', 'related', 'items']) byId(id).replaceChildren()
}

async function show() {
  const mine = turn += 1
  try {
    const name = new URLSearchParams(location.search).get('name')
    const middle = await (name ? concept(name) : mostMet())
    if (mine !== turn) return
    if (!middle) {
      nothing(name ? `Nothing is known of “${name}” yet` : 'No concept is known yet: they come of visits to items whose titles, categories, brands or tags are known')
      return
    }
    drawFacts(middle)
    drawn = { middle, around: [] }
    drawGraph()
    const [items, ...around] = await Promise.all([drawItems(middle), ...middle.related.slice(0, RELATED).map(({ name: near }) => concept(near))])
    if (mine !== turn) return
    byId('items').replaceChildren(items)
    drawn = { middle, around: around.filter(Boolean) }
    drawGraph()
  } catch (error) {
    if (mine === turn) nothing(error.message)
  }
}

// --- looking up ---------------------------------------------------------------------------------

let searching = 0

async function search() {
  const mine = searching += 1
  const text = byId('find').elements.q.value.trim()
  const { concepts } = await certain(`v1/concepts?${new URLSearchParams({ n: FOUND, ...(text && { q: text }) })}`)
  if (mine !== searching) return
  byId('found-title').textContent = text ? `What “${text}” may mean` : 'The most met'
  byId('found').replaceChildren(...concepts.map(({ name, label, match }) => (
    element('li', {}, link(name, label), ...(match === 'spelling' ? [' (spelt alike)'] : [])))))
  if (!concepts.length) byId('found').append(element('li', {}, 'nothing'))
}

let typing = 0
byId('find').addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(search, TYPING_MS)
})
byId('find').addEventListener('submit', (event) => {
  event.preventDefault()
  search().then(() => byId('found').querySelector('a')?.click())
})
addEventListener('popstate', show)
new ResizeObserver(drawGraph).observe(document.querySelector('main'))
navigation()
search()
show()
