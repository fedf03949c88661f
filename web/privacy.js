// A person's rights: to see what is known of them, and to be forgotten.

import { ask, at, counted, element } from './dom.js'

const path = (id) => `v1/users/${encodeURIComponent(id)}`

async function exported(id, said) {
  const found = await ask(`${path(id)}/export`)
  const file = URL.createObjectURL(new Blob([JSON.stringify(found, null, 1)], { type: 'application/json' }))
  element('a', { href: file, download: `${id.replace(/[^\w.-]/g, '_')}.json` }).click()
  URL.revokeObjectURL(file)
  said.textContent = 'Exported: the file has all that the store knows of them.'
}

// Ask whether it is meant: the id is to be typed, since nothing brings a person back.
function confirmed(id) {
  return new Promise((done) => {
    const typed = element('input', { name: 'typed', autocomplete: 'off', required: '' })
    typed.addEventListener('input', () => typed.setCustomValidity(typed.value === id ? '' : 'This is another id.'))
    const made = element('dialog', { 'aria-labelledby': 'erase-title' },
      element('form', { method: 'dialog' },
        element('h2', { id: 'erase-title' }, `Erase ${id}?`),
        element('p', {}, 'Their profile, scores, triggers, cases and what waits for webhooks go, in every namespace, and their events count no more. Nothing brings it back.'),
        element('label', { class: 'field' }, element('span', {}, 'Type the id to go on'), typed),
        element('p', { class: 'actions' }, element('button', { class: 'danger', value: 'erase' }, 'Erase'), element('button', { value: 'no', formnovalidate: '' }, 'Keep'))))
    made.addEventListener('close', () => {
      made.remove()
      done(made.returnValue === 'erase' && typed.value === id)
    })
    document.body.append(made)
    made.showModal()
  })
}

async function erased(id, said) {
  if (!await confirmed(id)) return
  said.textContent = 'Erasing.'
  const done = await ask(path(id), { method: 'DELETE' })
  said.textContent = `Erased, with ${counted(done.ids, 'id')}; ${counted(done.swept, 'entry', 'entries')} of the store went at once, and the flow has nothing left by ${at(done.done_by)}.`
}

// The part of the page with both; made once a person, so that what it said stays.
export function rights(id) {
  const said = element('p', { class: 'said', role: 'status' })
  const act = (text, doing, more = {}) => element('button', { type: 'button', ...more, onclick: async (event) => {
    event.target.disabled = true
    said.className = 'said'
    await doing(id, said).catch((error) => { said.className = 'said bad'; said.textContent = error.message })
    event.target.disabled = false
  } }, text)
  return element('section', {}, element('h2', {}, 'Their rights'),
    element('p', { class: 'actions' }, act('Export what is known', exported), act('Erase', erased, { class: 'danger' })), said)
}
