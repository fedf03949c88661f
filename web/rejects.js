// Refused events: listed, looked at, mended, sent again, let go.

import { ask, at, byId, counted, element, number, ofSite, table } from './dom.js'

const SHOWN = 50
const path = ({ id }, verb = '') => `v1/rejects/${encodeURIComponent(id)}${verb}?${ofSite()}`
let listed = []

const tell = (text) => { byId('done').textContent = text }

// Do something with one after another; the first failure ends it. What came of it is told last.
async function doing(rejects, what, action) {
  let done = 0
  let trouble = ''
  try {
    for (const reject of rejects) {
      const why = await action(reject)
      if (why) trouble = `; ${reject.id} was refused again: ${why}`
      else done += 1
    }
  } catch (error) {
    trouble = `; then: ${error.message}`
  }
  await look()
  tell(`${number(done)} ${what}${trouble}`)
}

async function send(reject, body = {}) {
  const { taken, why } = await ask(path(reject, '/retry'), { body })
  return taken ? '' : why
}

const letGo = async (reject, why = '') => { await ask(path(reject, '/drop'), { body: { why } }) }

async function open(reject) {
  const found = await ask(path(reject))
  const text = element('textarea', { rows: 12, spellcheck: 'false', 'aria-label': 'The event, as it came' })
  text.value = found.text
  const why = element('input', { maxlength: 500, autocomplete: 'off' })
  const said = element('p', { class: 'said bad', role: 'alert' })
  // What cannot be done is said here, where the edited text still stands.
  const act = (what, action) => async () => {
    said.textContent = ''
    try {
      const why = await action()
      if (!why) shown.close()
      said.textContent = why && `It was refused again: ${why}`
      await look()
      if (!why) tell(`1 ${what}`)
    } catch (error) {
      said.textContent = error.message
    }
  }
  // What came may be no JSON, or cut: the collector tells what is wrong with it.
  const mended = () => {
    if (text.value === found.text) return {}
    try {
      JSON.parse(text.value)
    } catch (error) {
      throw new Error(`Not sent, it is no JSON: ${error.message}`)
    }
    return { text: text.value }
  }
  const shown = element('dialog', { 'aria-labelledby': 'reject-title', class: 'wide', onclose: () => shown.remove() },
    element('h2', { id: 'reject-title' }, `Refused: ${found.reason}`),
    element('p', {}, found.detail),
    element('p', { class: 'note' }, `${found.origin}, ${at(found.received)}, ${counted(found.size, 'byte')}${found.state === 'open' ? '' : `, ${found.state}${found.why ? `: ${found.why}` : ''}`}`),
    text, said,
    element('p', { class: 'actions' },
      element('button', { class: 'main', onclick: act('sent again', async () => send(reject, { ...mended(), again: true })) }, 'Send it again'),
      element('label', {}, 'Why ', why),
      element('button', { onclick: act('let go', () => letGo(reject, why.value)) }, 'Let it go'),
      element('button', { onclick: () => shown.close() }, 'Close')))
  document.body.append(shown)
  shown.showModal()
}

let following = null // the cursor of what is older

function draw({ rejects, counts, next }, older) {
  listed = older ? [...listed, ...rejects] : rejects
  following = next
  const known = new Set(Object.values(counts).flatMap((of) => Object.keys(of)))
  const reason = byId('filter').elements.reason
  for (const name of known) {
    if (![...reason.options].some(({ value }) => value === name)) reason.append(element('option', { value: name }, name))
  }
  const button = (reject) => element('button', { onclick: () => open(reject).catch((error) => tell(error.message)) }, reject.id)
  byId('rejects').replaceChildren(table(['record', 'came', 'reason', 'what is wrong', 'from', 'state'], listed.map((one) => (
    [button(one), at(one.received), one.reason, one.detail, one.origin, one.state])), next === null ? 'None: no event was refused that fits.' : 'None among the newest.'))
  byId('older').hidden = next === null
  const open_ = listed.filter(({ state }) => state === 'open').length
  for (const id of ['retry-all', 'drop-all']) byId(id).disabled = open_ === 0
}

async function look(older = false) {
  const { state, reason } = Object.fromEntries(new FormData(byId('filter')))
  const query = ofSite({ n: SHOWN, ...(state && { state }), ...(reason && { reason }), ...(older && { cursor: following }) })
  try {
    draw(await ask(`v1/rejects?${query}`), older)
  } catch (error) {
    tell(error.message)
  }
}

export function showRejects() {
  byId('filter').addEventListener('submit', (event) => {
    event.preventDefault()
    tell('')
    look()
  })
  byId('filter').addEventListener('change', () => look())
  byId('older').addEventListener('click', () => look(true))
  const all = (id, what, action) => byId(id).addEventListener('click', () => {
    const open_ = listed.filter(({ state }) => state === 'open')
    if (confirm(`${counted(open_.length, 'refused event')}: ${what}?`)) doing(open_, what, action)
  })
  all('retry-all', 'sent again', (reject) => send(reject))
  all('drop-all', 'let go', (reject) => letGo(reject))
  look()
}
