// The page of campaigns: the list, and the one that is open, to be changed or looked at.

import { edit } from './campaign-form.js'
import { pathOf } from './campaign-path.js'
import { drawResults, inPoints, points, redraw } from './campaign-results.js'
import { ask, at, byId, element, navigation, number, percent, table } from './dom.js'
import { span } from './span.js'

const SECONDS = 5
const SHOWN = 50 // of the list; each asks for its results, when it fired and now and then
const STALE_SECONDS = 30
const AT_ONCE = 4

let words = null // what conditions may speak of, and the templates
let known = [] // the campaigns, as the API told them
const results = new Map() // by id
const asked = new Map() // by id: for which counts, and when
let timer = 0
let turn = 0

const stateOf = ({ enabled, start, end }, now = Date.now()) => {
  if (enabled === false) return 'paused'
  if (end && Date.parse(end) <= now) return 'over'
  return start && Date.parse(start) > now ? 'planned' : 'on'
}
const COLOURS = { on: 'good', planned: 'now', paused: '', over: '' }
const chip = (text, kind = '', title = '') => element('span', { class: `chip ${kind}`, ...(title && { title }) }, text)

// What held triggers back, and what makes the figures doubtful.
const HELD_BACK = { consent: 'no consent', cap: 'capped', quiet: 'quiet hours', waits: 'waited for quiet hours to end', cooldown: 'cooling down', audience: 'not the audience', bot: 'programs', ended: 'out of its dates' }

function guards(counts, told) {
  const back = Object.entries(HELD_BACK).filter(([name]) => counts[name]).map(([name, text]) => chip(`${text} ${number(counts[name])}`))
  if (told?.assignment.mismatch) back.unshift(chip('groups do not fit', 'bad', 'The sizes of the groups cannot have come of the shares that were meant: no difference can be believed.'))
  return element('span', {}, ...back.flatMap((one, index) => (index ? [' ', one] : [one])), ...(back.length ? [] : ['–']))
}

function uplift(told) {
  if (!told?.uplift) return '–'
  const { difference, low, high, sure } = told.uplift
  if (low === null) return element('span', { class: 'note', title: 'Too few people, or conversions, for bounds: it may be chance.' }, `${points(difference)}, too early`)
  const text = `${inPoints(difference)}, between ${points(low)} and ${points(high)}`
  const edge = Math.max(0.05, ...[difference, low, high].map(Math.abs))
  return element('span', {}, span({ value: difference, low, high, least: -edge, most: edge, text }), ` ${points(difference)} `, ...(sure ? [chip('sure', 'good')] : []))
}

function row({ id, version, campaign, counts }) {
  const told = results.get(id)
  const state = stateOf(campaign)
  return [
    element('a', { href: `#${encodeURIComponent(id)}` }, campaign.name),
    // All of a row is of the results, where there are any: of one version, as of one moment.
    chip(state, COLOURS[state]), number(told ? told.sent.triggers : counts.fired ?? 0), told ? number(told.sent.converted) : '…',
    told ? percent(told.sent.conversion) : '…', told ? uplift(told) : '…', number(told ? told.holdout?.triggers ?? 0 : counts.held ?? 0),
    guards(counts, told), campaign.template ?? 'custom', String(version),
  ]
}

const chosen = () => decodeURIComponent(location.hash.slice(1))

function fitting() {
  const find = byId('make').find.value.trim().toLowerCase()
  return known.filter(({ id, campaign }) => [id, campaign.name, campaign.template ?? ''].some((text) => text.toLowerCase().includes(find)))
}

function drawList() {
  const fit = fitting()
  const focused = document.activeElement?.closest('#list a')?.getAttribute('href')
  const heads = ['campaign', 'state', 'sent', 'converted', 'of people', 'uplift, points', 'held out', 'held back', 'template', 'version']
  byId('list').replaceChildren(table(heads, fit.slice(0, SHOWN).map(row), known.length ? 'None is called so.' : 'None yet: choose a template above, or a condition of your own, and create one.'))
  byId('more').textContent = fit.length > SHOWN ? `${number(fit.length - SHOWN)} more: find them by a part of their name.` : ''
  for (const line of byId('list').querySelectorAll('tbody tr')) {
    if (line.querySelector('a')?.getAttribute('href') === location.hash) line.setAttribute('aria-current', 'true')
  }
  if (focused) byId('list').querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus()
}

const ageing = ({ id, version, counts }) => {
  const [told, since] = asked.get(id) ?? ['', 0]
  return told !== JSON.stringify([version, counts]) || Date.now() > since + 1000 * STALE_SECONDS
}

// The results of those that are shown and may have others by now, a few at once.
async function readResults(mine) {
  const waiting = fitting().slice(0, SHOWN).filter((one) => ageing(one) || one.id === chosen())
  const one = async () => {
    for (let each = waiting.shift(); each !== undefined && mine === turn; each = waiting.shift()) {
      results.set(each.id, await ask(pathOf(each.id, 'results')))
      asked.set(each.id, [JSON.stringify([each.version, each.counts]), Date.now()])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

async function refresh() {
  const mine = turn += 1
  clearTimeout(timer)
  let again = true
  try {
    const { campaigns } = await ask(pathOf())
    if (mine !== turn) return
    known = campaigns
    if (!results.size) drawList() // there are figures a moment later
    await readResults(mine)
    if (mine !== turn) return
    drawList()
    const open = results.get(chosen())
    if (open) drawResults(open)
    say(`as of ${at(Date.now())}`, true)
  } catch (error) {
    if (mine !== turn) return
    again = error.status === undefined || error.status === 404 || error.status >= 429 // 404: one was just deleted
    say(error.message, false)
  }
  if (again) timer = setTimeout(() => (document.hidden ? undefined : refresh()), 1000 * SECONDS)
}

function say(text, good) {
  byId('state').textContent = text
  byId('state').className = good ? 'live' : 'broken'
}

async function follow() {
  const id = chosen()
  const place = byId('open')
  drawList()
  if (!id) return place.replaceChildren()
  try {
    words ??= await ask(pathOf('vocabulary'))
    if (id.startsWith('new:')) return edit(place, words, id.slice(4), null, saved)
    const [one, told] = await Promise.all([
      ask(pathOf(id)), ask(pathOf(id, 'results'))])
    if (id !== chosen()) return undefined
    edit(place, words, one.campaign?.template ?? '', one, saved)
    drawResults(told)
    place.focus({ preventScroll: true })
    return place.scrollIntoView({ block: 'nearest' })
  } catch (error) {
    return place.replaceChildren(element('section', {}, element('p', { role: 'alert' }, error.message)))
  }
}

// A version was made: the list shows it, and so does the form if it is still open.
async function saved(id) {
  asked.delete(id)
  await Promise.all([refresh(), chosen() === id ? follow() : undefined])
}

async function offerTemplates() {
  words ??= await ask(pathOf('vocabulary'))
  const select = byId('make').template
  select.append(...Object.keys(words.templates).map((name) => element('option', { value: name }, name.replaceAll('_', ' '))))
}

const explain = () => {
  byId('meaning').textContent = words?.templates[byId('make').template.value]?.meaning ?? ''
}

navigation()
byId('make').addEventListener('submit', (event) => {
  event.preventDefault()
  location.hash = `new:${byId('make').template.value}`
})
byId('make').template.addEventListener('change', explain)
byId('make').find.addEventListener('input', () => {
  drawList()
  clearTimeout(timer)
  timer = setTimeout(refresh, 400)
})
addEventListener('hashchange', follow)
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh() })
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { redraw(); refresh() })
refresh().then(offerTemplates).catch(() => undefined)
follow()
