// The person page: all that the public API knows of one person, read again every two seconds.

import { ask, byId, describe, element, navigation, number, rows, table } from './dom.js'

const SECONDS = 2
const SHOWN = 8
let timer = 0
let turn = 0

const at = (time) => (time ? new Date(time).toLocaleString() : '–')
const share = (value) => (typeof value === 'number' ? number(Math.round(1000 * value) / 1000) : '–')
const section = (title, ...children) => element('section', {}, element('h2', {}, title), ...children)

function inWords({ stage, sessions, events, orders, satisfaction, consent, first_seen: first, bot }) {
  const visits = sessions === 1 ? 'one visit' : `${number(sessions)} visits`
  const bought = orders.frequency ? `${orders.frequency === 1 ? 'one order' : `${number(orders.frequency)} orders`} worth ${number(orders.monetary)} ${orders.currency ?? ''}` : 'no order yet'
  const allowed = consent === null ? 'has not said what is allowed' : `allows ${consent.join(' and ') || 'nothing'}`
  const said = ['nps', 'csat', 'complaints'].filter((name) => satisfaction?.[name]).map((name) => `${name} ${share(satisfaction[name])}`)
  const happy = said.length ? ` Satisfaction: ${said.join(', ')}.` : ''
  return `${stage}: ${visits} and ${number(events)} events since ${at(first)}, ${bought}; ${allowed}.${happy}${bot ? ' Taken for a program.' : ''}`
}

function interests({ interests: { categories, brands, tags } }) {
  const top = Math.max(1, ...[categories, brands, tags].flat().map(({ weight }) => weight))
  const lines = (kind, list) => list.slice(0, 5).map(({ name, weight }) => [name, kind, element('meter', {
    min: 0, max: top, value: Math.max(weight, 0), title: weight.toFixed(1), 'aria-label': `${name}: ${weight.toFixed(1)}`,
  })])
  return table(['interest', 'of', 'strength'],
    [...lines('category', categories), ...lines('brand', brands), ...lines('tag', tags)], 'none yet')
}

const scores = (found) => table(['score', 'value', 'between', 'at'], Object.entries(found).map(([name, { value, interval, time }]) => (
  [name, share(value), interval ? `${share(interval.low)} and ${share(interval.high)}` : '–', at(time)])), 'none yet')

async function timeline({ recents }) {
  const items = await describe(recents.map(({ item }) => item))
  return table(['item', 'what', 'when'], recents.slice(0, 20).map(({ type, time }, index) => (
    [items[index].title || items[index].item, type, at(time)])), 'nothing yet')
}

async function recommended({ items }) {
  const described = await describe(items.map(({ item }) => item))
  return table(['item', 'why', 'score'], items.map(({ strategy, reasons, score }, index) => (
    [described[index].title || described[index].item, reasons.join('; ') || strategy, share(score)])), 'nothing to show')
}

const facts = (found) => rows(Object.entries(found).map(([name, value]) => (
  [name, typeof value === 'object' ? JSON.stringify(value) : value])))

// Once a person: each answer is logged, and judged by what its person does next.
let answered = { id: null, section: null }

async function answerFor(id) {
  if (answered.id !== id) {
    const answer = await ask(`v1/users/${encodeURIComponent(id)}/recommendations?n=${SHOWN}`)
    answered = { id, section: section('Recommended when you came', await recommended(answer)) }
  }
  return answered.section
}

async function draw(id) {
  const mine = turn += 1
  const who = `v1/users/${encodeURIComponent(id)}`
  try {
    const [{ known, profile }, found, segmented, factual, answer] = await Promise.all([
      ask(`${who}/profile`), ask(`${who}/scores`), ask(`${who}/segments`), ask(`${who}/facts`), answerFor(id)])
    const parts = known && profile ? [
      section(id, element('p', {}, inWords(profile)), rows([
        ['last seen', at(profile.last_seen)],
        ['segment', segmented.segments.map(({ name, id: of }) => name ?? of).join(', ') || 'none yet'],
        ['in the cart', profile.cart.items.map(({ item }) => item).join(', ') || 'nothing'],
        ['devices', profile.devices.length],
        ['traits', JSON.stringify(profile.traits)],
      ])),
      section('Interests', interests(profile)),
      section('Scores', scores(found.scores)),
      section('Facts that campaigns read', facts(factual.facts)),
      section('What they did', await timeline(profile)),
    ] : [section(id, element('p', {}, 'Nothing is known of them.'))]
    parts.push(answer)
    if (mine === turn) byId('person').replaceChildren(...parts)
  } catch (error) {
    if (mine === turn) byId('person').replaceChildren(element('p', {}, `Not to be had now (${error.message}); trying again.`))
  }
  clearTimeout(timer)
  if (mine === turn) timer = setTimeout(() => draw(id), 1000 * SECONDS)
}

function look() {
  const id = new URLSearchParams(location.search).get('id')
  if (!id) return
  document.querySelector('input').value = id
  document.title = `${id}, as Headrace knows them`
  draw(id)
}

byId('find').addEventListener('submit', (event) => {
  event.preventDefault()
  const id = new FormData(event.target).get('id').trim()
  if (!id) return
  history.pushState(null, '', `?id=${encodeURIComponent(id)}`)
  look()
})
addEventListener('popstate', look)
navigation()
look()
