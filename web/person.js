// The person page: all that the public API knows of one person, read again every two seconds.

import { ask, at, byId, counted, describe, done, element, navigation, number, rows, table } from './dom.js'
import { line, visits } from './lines.js'
import { rights } from './privacy.js'

const SECONDS = 2
const SLOW_SECONDS = 20 // triggers are looked for in the whole site's stream
const SHOWN = 8
let timer = 0
let turn = 0

const share = (value) => (typeof value === 'number' ? number(Math.round(1000 * value) / 1000) : '–')
const section = (title, ...children) => element('section', {}, element('h2', {}, title), ...children)
const note = (text) => element('p', { class: 'note' }, text)
const scroll = (label, made) => element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, made)

// Parts that stayed the same stay where they are: nobody who reads, or types, there is disturbed.
function show(parts) {
  const old = [...byId('person').children]
  if (old.length !== parts.length) return byId('person').replaceChildren(...parts)
  return parts.forEach((part, index) => {
    if (part !== old[index] && part.innerHTML !== old[index].innerHTML) old[index].replaceWith(part)
  })
}

function inWords({ stage, sessions, events, orders, satisfaction, consent, first_seen: first, bot }) {
  const bought = orders.frequency ? `${counted(orders.frequency, 'order')} worth ${number(orders.monetary)} ${orders.currency ?? ''}` : 'no order yet'
  const allowed = consent === null ? 'has not said what is allowed' : `allows ${consent.join(' and ') || 'nothing'}`
  const said = ['nps', 'csat', 'complaints'].filter((name) => satisfaction?.[name]).map((name) => `${name} ${share(satisfaction[name])}`)
  const happy = said.length ? ` Satisfaction: ${said.join(', ')}.` : ''
  return `${stage}: ${counted(sessions, 'visit')} and ${counted(events, 'event')} since ${at(first)}, ${bought}; ${allowed}.${happy}${bot ? ' Taken for a program.' : ''}`
}

function interests({ interests: { categories, brands, tags } }) {
  const top = Math.max(1, ...[categories, brands, tags].flat().map(({ weight }) => weight))
  const lines = (kind, list) => list.slice(0, 5).map(({ name, weight }) => [name, kind, number(weight, 1), element('meter', {
    min: 0, max: top, value: Math.max(weight, 0), 'aria-label': `${name}: ${number(weight, 1)}`,
  })])
  return table(['interest', 'of', 'strength', 'drawn'],
    [...lines('category', categories), ...lines('brand', brands), ...lines('tag', tags)], 'None yet: it takes a touch of an item whose category, brand or tags are known.')
}

const between = (interval) => (interval ? [element('br'), element('small', {}, `${share(interval.low)} to ${share(interval.high)}`)] : [])

// The past of a score as a line, where it is kept.
function course(name, points) {
  if (!points || points.length < 2) return '–'
  const [first, last] = [points[0], points.at(-1)]
  return line(points, `${name} from ${share(first.value)} at ${at(first.time)} to ${share(last.value)} at ${at(last.time)}, in ${points.length} points`)
}

const MEANING = { churn: 'chance that they do not come back', intent: 'chance that this visit buys', order_value: 'an order’s worth', spend: 'what they will spend', response: 'chance that they answer', uplift: 'chance that it adds' }
const meant = (name) => MEANING[name.split('/')[0]]

const scores = (found, past) => table(['score', 'value', 'at', 'so far'], Object.entries(found).map(([name, { value, interval, time }]) => (
  [element('span', {}, name, ...(meant(name) ? [element('br'), element('small', {}, meant(name))] : [])),
    element('span', { class: 'value' }, share(value), ...between(interval)), at(time), course(name, past[name])])), 'None yet: a score comes once its model knows fifty outcomes; of churn and spending after their horizon (flow.outcome_days).')

const inFull = ({ id, name = id }) => (name === id ? id : `${name} (${id})`)

const segmentsOf = (found, named) => table(['segment', 'since'], found.toReversed().map(({ id, since }) => (
  [named.some((one) => one.id === id) ? inFull(named.find((one) => one.id === id)) : `${id}, which is no more`, at(since)])), 'None is kept yet.')

// What is told about them, as lines; what is no text or number, as JSON.
const told = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
const traits = (found) => Object.entries(found).map(([name, value]) => `${name}: ${told(value)}`).join(', ') || 'none'

const consented = ({ consent }) => (consent === null ? 'nothing was said: personalization is taken for granted, marketing is not'
  : consent.join(', ') || 'nothing: no marketing, no personalization')

const visited = (found) => (found.length ? [
  visits(found, `${counted(found.length, 'visit')} from ${at(found.at(-1).start)} to ${at(found[0].last)}`),
  table(['visit', 'until', 'touches', 'items'], found.slice(0, 10).map((one) => [at(one.start), at(one.last), number(one.touches), number(one.items)]), ''),
] : [element('p', { class: 'empty' }, 'None yet.')])

async function timeline({ recents }) {
  const items = await describe(recents.map(({ item }) => item))
  return table(['item', 'what', 'when'], recents.slice(0, 20).map(({ type, time }, index) => (
    [items[index].title || items[index].item, done(type), at(time)])), 'Nothing yet.')
}

async function recommended({ items }) {
  const described = await describe(items.map(({ item }) => item))
  return table(['item', 'why', 'score'], items.map(({ strategy, reasons, score }, index) => (
    [described[index].title || described[index].item, reasons.join('; ') || strategy, share(score)])), 'Nothing: no item is known yet.')
}

const facts = (found) => (Object.keys(found).length ? rows(Object.entries(found).map(([name, value]) => [name, told(value)]))
  : element('p', { class: 'empty' }, 'None yet.'))

// Once a person: each answer is logged, and judged by what its person does next.
let answered = { id: null, section: null }

async function answerFor(id) {
  if (answered.id !== id) {
    const answer = await ask(`v1/users/${encodeURIComponent(id)}/recommendations?n=${SHOWN}`)
    answered = { id, section: section('Recommended when you came', await recommended(answer)) }
  }
  return answered.section
}

// What a person got of campaigns, and said, asked for now and then; null where the key does not open it.
let slow = { id: null, at: 0, parts: [], segments: [] }

async function slowParts(id) {
  const now = Date.now()
  if (slow.id === id && now < slow.at + 1000 * SLOW_SECONDS) return slow.parts
  const [sent, said, { segments }] = await Promise.all([
    ask(`v1/users/${encodeURIComponent(id)}/triggers`), ask(`v1/users/${encodeURIComponent(id)}/feedback`), ask('v1/segments')])
  const further = sent.whole ? '' : `Of the site’s newest ${number(sent.looked_at)}.`
  const parts = [
    section('Triggers they got', scroll('Triggers', table(['campaign', 'at', 'variant', 'because of'], sent.triggers.map(({ data }) => [
      element('a', { href: `campaigns#${encodeURIComponent(data.campaign)}` }, data.campaign), at(data.time), data.variant || 'one',
      Object.entries(data.evidence?.facts ?? {}).map(([name, value]) => `${name} ${value}`).join(', ') || data.type]), 'None yet.')), element('p', { class: 'note' }, further)),
    section('What they said', scroll('What they said', table(['kind', 'value', 'text', 'at'], said.said.map((one) => [
      one.type, one.value ?? '–', said.cases.some(({ id: of }) => of === one.id) ? element('a', { href: `feedback#case/${encodeURIComponent(one.id)}` }, one.text || 'the case') : one.text || '–', at(one.time)]), 'Nothing: no rating, survey or complaint of theirs came.'))),
  ]
  slow = { id, at: now, parts, segments }
  return parts
}

let kept = { id: null, section: null }
const rightsOf = (id) => {
  if (kept.id !== id) kept = { id, section: rights(id) }
  return kept.section
}

async function draw(id) {
  const mine = turn += 1
  const who = `v1/users/${encodeURIComponent(id)}`
  try {
    const [{ known, profile }, found, segmented, factual, past, answer, more] = await Promise.all([
      ask(`${who}/profile`), ask(`${who}/scores`), ask(`${who}/segments`), ask(`${who}/facts`), ask(`${who}/history`), answerFor(id), slowParts(id)])
    const parts = known && profile ? [
      section(id, element('p', {}, inWords(profile)), rows([
        ['last seen', at(profile.last_seen)],
        ['segment', segmented.segments.map(inFull).join(', ') || 'none yet'],
        ['in the cart', profile.cart.items.map(({ item }) => item).join(', ') || 'nothing'],
        ['consent to', consented(profile)],
        ['devices', profile.devices.length],
        ['traits', traits(profile.traits)],
      ])),
      section('Interests', note('Touches of late, by what they were of; each counts half after two weeks, unless that is set otherwise.'), interests(profile)),
      section('Scores', note('What the models expect; in grey, where nine of ten such people end.'), scroll('Scores', scores(found.scores, past.scores))),
      section('Segments so far', scroll('Segments so far', segmentsOf(past.segments, [...segmented.segments, ...slow.segments]))),
      section('Facts told of them', note('The last of each, as the topic of facts tells it; what a condition may ask is listed with the campaigns.'), facts(factual.facts)),
      section('Visits, of the last touches', ...visited(past.visits)),
      section('What they did', scroll('What they did', await timeline(profile))),
      ...more,
    ] : [section(id, element('p', {}, 'Nothing is known of them.'), note('Either no event has this id, or they were erased. An id is as your events have it in `user`; a visitor who has not signed in is `device:ID`.'))]
    parts.push(answer, rightsOf(id))
    if (mine === turn) show(parts)
  } catch (error) {
    if (mine !== turn) return
    const shut = error.status === 401 || error.status === 403
    byId('person').replaceChildren(element('p', {}, shut ? error.message : `Not to be had now (${error.message}); trying again.`))
    if (shut) return
  }
  clearTimeout(timer)
  if (mine === turn) timer = setTimeout(() => (document.hidden ? undefined : draw(id)), 1000 * SECONDS)
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
document.addEventListener('visibilitychange', () => { if (!document.hidden) look() })
navigation()
look()
