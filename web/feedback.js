// The page of feedback: how content people are, and the cases that wait for somebody.

import { opened, open } from './care.js'
import { ask, at, byId, counted, describe, element, navigation, number, percent, table } from './dom.js'
import { span } from './span.js'

const SECONDS = 5
const LISTED = 100
const WORST = 10
let timer = 0
let turn = 0
let drawn

const tile = (name, ...told) => element('div', {}, element('dt', {}, name), element('dd', {}, ...told))
const small = (text) => element('p', { class: 'note' }, text)
const signed = (value) => (value > 0 ? `+${number(value)}` : number(value))
const hours = ({ median_hours: median, p90_hours: late }) => (median === null ? ['–', small('none was yet')] : [
  `${number(median)} h`, small(`nine of ten within ${number(late)} h`)])

function nps({ nps: value, nps_low: low, nps_high: high }) {
  if (value === null) return ['–', small('nobody was asked')]
  const text = `between ${number(low)} and ${number(high)}`
  return [number(value), small(text), span({ value, low, high, least: -100, most: 100, text })]
}

function drawTiles({ all, cases, first_response: first, resolution }) {
  byId('tiles').replaceChildren(...all === null ? [tile('How content people are', '–', small('Nobody said anything yet: send ratings, surveys (csat, nps) or complaints.'))] : [
    tile('Satisfied (CSAT)', percent(all.csat), small('gave one of the two best marks')),
    tile('Would recommend (NPS)', ...nps(all)),
    tile('Complaints', percent(all.complaint_rate), small('of items bought')),
    tile('Mean opinion', number(all.score), small(`${all.trend === null ? 'no trend yet' : `of late ${signed(all.trend)}`}; 1 is best, -1 worst`)),
    tile('Wait for an answer', number((cases.open ?? 0) + (cases.reopened ?? 0)), small(`${number(cases.overdue ?? 0)} overdue`)),
    tile('First answer after', ...hours(first)),
    tile('Resolved after', ...hours(resolution)),
  ])
}

// Survey columns are there where somebody answered a survey.
function contentment(found, what, named = (name) => name) {
  const told = Object.entries(found ?? {})
  const columns = [['opinion', ({ score }) => number(score)], ['CSAT', ({ csat }) => percent(csat)], ['NPS', ({ nps: value }) => number(value)],
    ['answers', ({ answers }) => number(answers)]].filter(([name]) => !['CSAT', 'NPS'].includes(name) || told.some(([, { csat, nps: value }]) => (name === 'CSAT' ? csat : value) !== null))
  return table([what, ...columns.map(([name]) => name)], told.map(([name, one]) => [named(name), ...columns.map(([, text]) => text(one))]), 'Nobody said anything yet.')
}

const titles = new Map()

// The worst items by their titles, as soon as the catalogue has told them.
function drawWorst(found) {
  const worst = Object.fromEntries(Object.entries(found ?? {}).slice(0, WORST))
  const draw = () => byId('worst').replaceChildren(contentment(worst, 'item', (id) => titles.get(id) || id))
  const missing = Object.keys(worst).filter((id) => !titles.has(id))
  draw()
  if (!missing.length) return
  describe(missing).then((items) => {
    items.forEach((item, index) => titles.set(missing[index], item?.title))
    draw()
  }).catch(() => undefined)
}

const changesOf = (summary) => [
  ...(summary.all?.changes ?? []).map((change) => ['all', change]),
  ...['channels', 'categories'].flatMap((kind) => Object.entries(summary[kind] ?? {}).flatMap(([name, told]) => (
    told.changes.map((change) => [name, change])))),
].sort(([, left], [, right]) => right.time - left.time).slice(0, 20)

function drawSummary(summary) {
  drawTiles(summary)
  const put = (id, made) => byId(id).replaceChildren(made)
  put('channels', contentment(summary.channels, 'channel'))
  put('categories', contentment(summary.categories, 'category'))
  drawWorst(summary.worst_items)
  drawTopics(summary.waiting_by_topic ?? {})
  put('emerging', table(['topic', 'said', 'usual', 'since'], (summary.emerging ?? []).map(
    (one) => [one.topic, number(one.count), number(one.usual), at(one.since)]), 'Nothing is said more often than usual.'))
  put('groups', table(['words', 'texts'], (summary.groups ?? []).map(
    (one) => [one.name, number(one.texts)]), 'Too few texts yet.'))
  put('changes', table(['of', 'from', 'to', 'at'], changesOf(summary).map(
    ([name, change]) => [name, number(change.before), number(change.after), at(change.time)]), 'No change was noticed.'))
  offerTopics([...new Set([...summary.topics ?? [], ...Object.keys(summary.waiting_by_topic ?? {})])].sort())
}

// Drawn anew only where they changed: whoever is about to press one keeps it.
function drawTopics(waiting) {
  const told = JSON.stringify(waiting)
  if (told === drawn) return
  drawn = told
  byId('topics').replaceChildren(table(['topic', 'cases that wait'], Object.entries(waiting).map(
    ([name, count]) => [chooser(name), number(count)]), 'No case with a topic waits.'))
}

const filter = () => Object.fromEntries(new FormData(byId('filter')))

const chooser = (topic) => element('button', {
  type: 'button', class: 'plain', onclick: () => { byId('filter').topic.value = topic; refresh() },
}, topic)

// Topics to choose from; what is chosen stays, also while nothing has it.
function offerTopics(topics) {
  const select = byId('filter').topic
  const wanted = [...new Set([...topics, select.value])].filter(Boolean)
  const known = [...select.options].slice(1).map(({ value }) => value)
  if (wanted.join('\0') === known.join('\0')) return
  const chosen = select.value
  select.replaceChildren(element('option', { value: '' }, 'any'), ...wanted.map((topic) => element('option', { value: topic }, topic)))
  select.value = chosen
  const list = byId('known-topics') ?? document.body.appendChild(element('datalist', { id: 'known-topics' }))
  list.replaceChildren(...wanted.map((topic) => element('option', { value: topic })))
}

const STATUSES = { waiting: ['open', 'reopened'], answered: ['answered'], resolved: ['resolved'], '': [''] }

// The cases that are asked for: the overdue first, those due longest on top, then the newest.
async function cases() {
  const { status, topic, type, overdue } = filter()
  const asked = (more) => {
    const query = new URLSearchParams({ n: LISTED, ...(topic && { topic }), ...(type && { type }), ...more })
    return ask(`v1/feedback?${query}`)
  }
  const wanted = STATUSES[status].map((one) => (one ? { status: one } : {}))
  const late = wanted.map((more) => asked({ ...more, overdue: true }))
  const answers = await Promise.all([...late, ...(overdue ? [] : wanted.map(asked))])
  const found = new Map(answers.flatMap((answer) => answer.cases).map((one) => [one.id, one]))
  const more = answers.slice(overdue ? 0 : wanted.length).reduce((sum, answer) => sum + answer.more, 0)
  const order = (left, right) => (right.overdue - left.overdue
    || (left.overdue ? left.due - right.due : right.opened - left.opened) || (left.id < right.id ? -1 : 1))
  return { found: [...found.values()].sort(order), more }
}

const COLOURS = { resolved: 'good', answered: '', open: 'now', reopened: 'now' }
const short = (text) => (text.length > 120 ? `${text.slice(0, 118)}…` : text) || '(nothing written)'

const line = (one) => element('li', { 'data-case': one.id },
  element('button', { type: 'button', class: 'plain', onclick: () => choose(one.id) }, short(one.text)),
  element('span', { class: 'note' },
    ...(one.overdue ? [element('span', { class: 'chip bad' }, 'overdue'), ' '] : []),
    element('span', { class: `chip ${COLOURS[one.status]}` }, one.status),
    ` ${[one.type, one.topic, one.user, at(one.opened)].filter(Boolean).join(' · ')}`))

function drawQueue({ found, more }) {
  const focused = document.activeElement?.closest('[data-case]')?.dataset.case
  byId('queue').replaceChildren(found.length ? element('ol', { class: 'lines' }, ...found.map(line)) : element('p', { class: 'empty' }, 'None. Complaints and suggestions come here as they are sent; choose another status to see those that are done.'))
  byId('more').textContent = more ? `${counted(more, 'more fits', 'more fit')}; choose fewer.` : ''
  mark()
  if (focused) byId('queue').querySelector(`[data-case="${CSS.escape(focused)}"] button`)?.focus()
}

function mark() {
  for (const one of byId('queue').querySelectorAll('[data-case]')) {
    if (one.dataset.case === opened()) one.setAttribute('aria-current', 'true')
    else one.removeAttribute('aria-current')
  }
}

function choose(id) {
  location.hash = `case/${encodeURIComponent(id)}`
}

async function follow() {
  const [kind, id] = location.hash.slice(1).split('/')
  if (kind !== 'case' || !id) return
  try {
    await open(decodeURIComponent(id), refresh)
    mark()
    byId('case').focus({ preventScroll: true })
    byId('case').scrollIntoView({ block: 'nearest' })
  } catch (error) {
    byId('case-title').textContent = 'This case cannot be shown'
    byId('case-body').replaceChildren(element('p', {}, error.message))
  }
}

async function refresh() {
  const mine = turn += 1
  clearTimeout(timer)
  let again = true
  try {
    const [summary, list] = await Promise.all([ask('v1/feedback/summary'), cases()])
    if (mine !== turn) return
    drawSummary(summary)
    drawQueue(list)
    say(`as of ${at(Date.now())}`, true)
  } catch (error) {
    if (mine !== turn) return
    again = error.status === undefined || error.status >= 429
    say(error.message, false)
  }
  if (again) timer = setTimeout(() => (document.hidden ? undefined : refresh()), 1000 * SECONDS)
}

function say(text, good) {
  byId('state').textContent = text
  byId('state').className = good ? 'live' : 'broken'
}

navigation()
byId('filter').addEventListener('change', refresh)
byId('filter').addEventListener('submit', (event) => event.preventDefault())
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh() })
addEventListener('hashchange', follow)
refresh()
follow()
