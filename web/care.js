// One complaint or suggestion: what was said, what became of it, what is said back.

import { ask, at, byId, element, percent, rows } from './dom.js'

const NEXT = { open: ['answered', 'resolved'], answered: ['resolved', 'reopened'], resolved: ['reopened'], reopened: ['answered', 'resolved'] }
const DOING = { answered: 'Answer', resolved: 'Resolve', reopened: 'Reopen' }
const PATIENCE_MS = 5000

let shown = null // the case, as the API told it
let sent = null // what was sent and not acknowledged: sent again it has its effect once
let turn = 0

const path = (id) => `v1/feedback/${encodeURIComponent(id)}`
const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
const pause = (ms) => new Promise((done) => { setTimeout(done, ms) })

function facts(known) {
  const link = element('a', { href: `person?id=${encodeURIComponent(known.user)}` }, known.user)
  const topic = known.topic === null ? 'not known' : `${known.topic}${known.labelled ? '' : ` (taken for it, ${percent(known.certainty)} sure)`}`
  const list = rows([
    ['status', known.status + (known.overdue ? ', overdue' : '')],
    ['opened', at(known.opened)],
    ['answer due', at(known.due)],
    ['topic', topic],
    ['like others', known.group_name || '–'],
    ['sentiment', known.sentiment ?? 'not known'],
    ['channel', known.channel || '–'],
    ['item', known.item ?? '–'],
    ['order', known.order ?? '–'],
  ])
  list.prepend(element('dt', {}, 'person'), element('dd', {}, link))
  return list
}

const past = ({ history }) => element('ol', {}, ...history.map(({ time, status, note }) => (
  element('li', {}, `${at(time)}: ${status}${note ? `. “${note}”` : ''}`))))

function answerForm(known, changed) {
  const said = element('p', { class: 'said', role: 'status' })
  const form = element('form', { 'aria-label': 'Answer' },
    element('label', { class: 'field' }, element('span', {}, 'What you say, or did (1,000 characters)'),
      element('textarea', { name: 'note', rows: 3, maxlength: 1000 })),
    element('label', { class: 'field' }, element('span', {}, 'What it is about, if it is not what is said above: the model learns it'),
      element('input', { name: 'topic', list: 'known-topics', maxlength: 128, autocomplete: 'off' })),
    element('p', { class: 'actions' }, ...NEXT[known.status].map((status, index) => (
      element('button', { value: status, ...(index === 0 && { class: 'main' }) }, DOING[status])))),
    said)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    give(known, form, event.submitter.value, said, changed)
  })
  return form
}

async function give(known, form, status, said, changed) {
  const fields = new FormData(form)
  const body = { status, note: fields.get('note').trim() }
  if (fields.get('topic').trim()) body.topic = fields.get('topic').trim()
  const same = sent?.id === known.id && JSON.stringify(sent.body) === JSON.stringify(body)
  if (!same) sent = { id: known.id, body, key: fresh() }
  form.querySelectorAll('button').forEach((button) => { button.disabled = true })
  say(said, 'Sending.')
  try {
    await ask(`${path(known.id)}/status`, { body: { ...body, id: sent.key } })
    sent = null
    say(said, 'Taken; it shows in a moment.')
    await settled(known.id, status)
    await open(known.id, changed)
    changed()
  } catch (error) {
    say(said, error.message, true)
    form.querySelectorAll('button').forEach((button) => { button.disabled = false })
    if (error.status === 409) await open(known.id, changed, error.message) // somebody was faster
  }
}

// The flow applies it: wait until the case shows it, and not for ever.
async function settled(id, status) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    if ((await ask(path(id))).status === status) return
    await pause(200)
  }
}

function say(place, text, bad = false) {
  place.textContent = text
  place.className = bad ? 'said bad' : 'said'
}

function recovery({ user }) {
  const said = element('div', { role: 'status' })
  const form = element('form', { 'aria-label': 'Recovery' },
    element('h3', {}, 'What could be offered'),
    element('p', { class: 'note' }, 'A proposal is a decision: an offer with a cost is charged to its budget when it is made.'),
    element('p', { class: 'bar' },
      element('label', {}, 'Placement ', element('input', { name: 'placement', value: 'recovery', required: '', autocomplete: 'off' })),
      element('button', {}, 'Propose')), said)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    button.disabled = true
    try {
      const placement = new FormData(form).get('placement').trim()
      const made = await ask(`v1/users/${encodeURIComponent(user)}/decide`, { body: { placement, explain: true } })
      said.replaceChildren(...proposal(made))
    } catch (error) {
      said.replaceChildren(element('p', { class: 'said bad' }, error.message))
    }
    button.disabled = false
  })
  return form
}

function proposal({ offer, reason, refused, propensity }) {
  const told = offer === null || offer.kind === 'none' ? 'Nothing.' : `${offer.text || offer.id} (${offer.kind})`
  const others = Object.entries(refused ?? {})
  return [
    element('p', {}, element('b', {}, told)),
    rows([['why', reason], ['chance of it', percent(propensity)], ...others.map(([id, why]) => [`not ${id}`, why])]),
  ]
}

// Show a case; `changed` is told when its status has become another.
export async function open(id, changed, trouble = '') {
  const mine = turn += 1
  const known = await ask(path(id))
  if (mine !== turn) return
  shown = known
  byId('case-title').textContent = `${known.type === 'complaint' ? 'Complaint' : 'Suggestion'} of ${known.user}`
  byId('case-body').replaceChildren(
    element('blockquote', {}, known.text || 'Nothing was written.'),
    facts(known),
    ...(known.history.length ? [element('h3', {}, 'What became of it'), past(known)] : []),
    ...(trouble ? [element('p', { class: 'said bad', role: 'alert' }, trouble)] : []),
    answerForm(known, changed), recovery(known))
}

export const opened = () => shown?.id ?? null
