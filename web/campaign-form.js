// One campaign, to be changed: checked by the engine while one types, kept as a new version.

import { drawFaults } from './campaign-faults.js'
import { campaignOf, fieldsOf } from './campaign-fields.js'
import { pathOf } from './campaign-path.js'
import { drawPreview } from './campaign-preview.js'
import { ask, at, byId, element, table } from './dom.js'

const PAUSE_MS = 300
const AMISS = 'It has to be right first: what is wrong is said at its field.'
let turn = 0

function vocabulary({ facts, functions }) {
  const told = Object.entries(facts).map(([name, { type, meaning }]) => [name, type, meaning])
  const calls = Object.entries(functions).map(([name, one]) => [`${name}(${one.arguments.join(', ')})`, one.answers, one.meaning])
  return element('details', {}, element('summary', {}, 'What conditions may speak of'),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Words of conditions' },
      table(['fact', 'type', 'meaning'], told, ''), table(['function', 'answers', 'meaning'], calls, '')))
}

const history = (versions, take) => element('details', {}, element('summary', {}, `Versions (${versions.length})`),
  element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Versions' },
    table(['version', 'from', 'by', 'again'], versions.toReversed().map(({ version, time, origin, campaign }) => [
      String(version), at(time), origin, campaign ? element('button', { type: 'button', class: 'plain', onclick: () => take(campaign) }, 'put into the form') : 'ended']), '')))

// Show the form of a campaign (`one`, as the API tells it) or of a new one.
export function edit(place, words, template, one, changed) {
  const kept = one?.campaign ?? null
  if (one && !kept) return showDeleted(place, words, one, changed)
  return draw(place, { words, changed, one, kept, version: one?.version ?? 0, name: kept ? kept.template ?? '' : template, campaign: kept ?? {} })
}

// A campaign that was deleted: what it did, to be read, and its versions, to make it again from.
function showDeleted(place, words, one, changed) {
  const last = one.versions.findLast(({ campaign }) => campaign).campaign
  const again = (older) => draw(place, { words, changed, one, kept: null, version: one.version, name: older.template ?? '', campaign: { ...older, id: one.id } })
  place.replaceChildren(element('div', { class: 'panes' },
    element('section', {}, element('h2', { id: 'open-title' }, `${last.name} (${one.id}, deleted)`),
      element('p', { class: 'note' }, `It was deleted: ${at(one.time)}. What it did stays, and can be read; to have it again, put one of its versions into the form.`),
      history(one.versions, again),
      element('p', { class: 'actions' }, button('Close', () => { location.hash = '' }))),
    element('section', { id: 'results', 'aria-label': 'Results' }, element('p', { class: 'note' }, 'asking'))))
}

function draw(place, desk) {
  const { words, campaign, kept, name, one } = desk
  const said = element('p', { class: 'said', role: 'status' })
  const others = element('div', {})
  let wrong = false
  const form = element('form', { id: 'campaign', novalidate: '', 'aria-labelledby': 'open-title' },
    ...fieldsOf(campaign, name, words, () => check()), others,
    element('p', { class: 'actions' }, element('button', { class: 'main' }, kept ? 'Save' : 'Create'),
      ...(kept ? [button(kept.enabled === false ? 'Resume' : 'Pause', () => put({ ...kept, enabled: kept.enabled === false })), button('Delete', remove)] : []),
      button('Whom would it reach?', preview), button('Close', () => { location.hash = '' })),
    said, element('div', { id: 'preview' }), vocabulary(words),
    ...(one ? [history(one.versions, (older) => draw(place, { ...desk, campaign: { ...older, id: one.id }, name: older.template ?? '' }))] : []))
  const note = one?.origin === 'file' ? [element('p', { class: 'note' }, 'It is kept in a file: when the folder changes, the file overrules what is saved here.')] : []
  place.replaceChildren(element('div', { class: 'panes' },
    element('section', {}, element('h2', { id: 'open-title' }, kept ? `${kept.name} (${one.id}, version ${desk.version})` : 'A new campaign'), ...note, form),
    element('section', { id: 'results', 'aria-label': 'Results' }, element('p', { class: 'note' }, kept ? 'asking' : 'Results come once it is in force.'))))

  const say = (text, bad = false, ...more) => {
    said.className = bad ? 'said bad' : 'said'
    said.replaceChildren(text, ...more)
  }

  // Why a button did nothing.
  function amiss() {
    say(AMISS, true)
    form.querySelector('[aria-invalid]')?.focus()
  }

  const read = () => campaignOf(form, { id: one?.id ?? '', enabled: campaign.enabled }, name)

  // Say what is wrong: what only the form can tell, and what the engine finds.
  async function check() {
    const mine = turn += 1
    const { made, faults } = read()
    wrong = faults.length > 0
    try {
      const { conditions, warnings, ...told } = await ask(pathOf('check'), { body: made })
      if (mine !== turn) return
      faults.push(...told.faults)
      // What is still empty is not yet wrong.
      drawFaults(form, faults.filter(({ field }) => form.dataset.sent || String(made[field] ?? field) !== ''), others)
      others.append(...warnings.map((warning) => element('p', { class: 'note' }, warning)))
      wrong = faults.length > 0
      if (!wrong && said.textContent === AMISS) say('')
      if (byId('filled')) byId('filled').textContent = conditions.join('\n') || 'as soon as all is right'
    } catch (error) {
      if (mine !== turn) return
      drawFaults(form, faults, others)
      say(error.message, true)
    }
  }

  async function put(made, version = desk.version) {
    try {
      const answer = kept ? await ask(pathOf(one.id), { method: 'PUT', body: made, headers: { 'If-Match': `"${version}"` } }) : await ask(pathOf(), { body: made })
      say(`Kept as version ${answer.version}; in force within two seconds.`)
      if (location.hash !== `#${encodeURIComponent(answer.id)}`) location.hash = encodeURIComponent(answer.id)
      await desk.changed(answer.id)
    } catch (error) {
      if (error.status === 412) conflict(made)
      else if (error.problem?.faults) {
        drawFaults(form, error.problem.faults, others)
        amiss()
      } else say(error.message, true)
    }
  }

  // Somebody else saved it since it was opened: theirs is shown beside, and nothing is lost.
  async function conflict(made) {
    const theirs = await ask(pathOf(one.id))
    const names = [...new Set([...Object.keys(kept), ...Object.keys(theirs.campaign ?? {})])]
    const other = names.filter((field) => JSON.stringify(kept[field]) !== JSON.stringify(theirs.campaign?.[field]))
    const what = theirs.campaign ? `changed ${other.join(', ') || 'nothing that is seen'}` : 'ended it'
    say(`Somebody made version ${theirs.version} meanwhile, and ${what}. `, true,
      button('Keep mine over theirs', () => put(made, theirs.version)), ' ',
      button('Drop mine, look at theirs', () => desk.changed(one.id)))
  }

  async function remove() {
    if (!confirm(`End the campaign ${kept.name}? Its versions and results stay.`)) return
    try {
      await ask(pathOf(one.id), { method: 'DELETE', headers: { 'If-Match': `"${desk.version}"` } })
      location.hash = ''
      await desk.changed('')
    } catch (error) {
      if (error.status === 412) conflict(kept)
      else say(error.message, true)
    }
  }

  async function preview() {
    form.dataset.sent = 'yes'
    await check()
    if (wrong) return amiss()
    const { made } = read()
    say('Looking at people.')
    try {
      drawPreview(byId('preview'), await ask(pathOf('preview'), { body: made }), made)
      say('')
    } catch (error) {
      say(error.message, true)
    }
  }

  form.addEventListener('input', () => {
    clearTimeout(desk.timer)
    desk.timer = setTimeout(check, PAUSE_MS)
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    form.dataset.sent = 'yes'
    clearTimeout(desk.timer)
    await check()
    if (wrong) amiss()
    else await put(read().made)
  })
  check()
}

const button = (text, act) => element('button', { type: 'button', onclick: act }, text)
