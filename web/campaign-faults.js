// What is wrong with a campaign, said at its field, and at its place in a condition.

import { element } from './dom.js'

// The field that a fault is of: `caps.0.per` is one of `caps`.
function placeOf(form, name) {
  for (let path = name; path; path = path.split('.').slice(0, -1).join('.')) {
    const found = form.querySelector(`[data-at="${CSS.escape(path)}"]`)
    if (found) return found
  }
  return null
}

function going(area, { line, column }) {
  const before = area.value.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0)
  return element('button', {
    type: 'button', class: 'plain', onclick: () => { area.focus(); area.setSelectionRange(before + column - 1, before + column) },
  }, `line ${line}, column ${column}`)
}

const worded = (fault) => fault.detail.replace(/^line \d+, column \d+: /, '')

// Show faults in a form in place of those before; those without a field of their own go into `others`.
export function drawFaults(form, faults, others) {
  form.querySelectorAll('.fault').forEach((one) => one.remove())
  form.querySelectorAll('[aria-invalid]').forEach((one) => { one.removeAttribute('aria-invalid'); one.removeAttribute('aria-describedby') })
  others.replaceChildren()
  faults.forEach((fault, number) => {
    const place = placeOf(form, fault.field)
    if (place === null) return others.append(element('p', { class: 'fault' }, `${fault.field}: ${fault.detail}`))
    const area = place.querySelector('input, textarea, select')
    const id = `fault-${number}`
    const placed = fault.line && area?.tagName === 'TEXTAREA'
    place.append(element('span', { class: 'fault', id }, ...(placed ? [going(area, fault), ': '] : []), worded(fault), ...(placed ? [element('code', {}, fault.snippet)] : [])))
    area?.setAttribute('aria-invalid', 'true')
    return area?.setAttribute('aria-describedby', [area.getAttribute('aria-describedby'), id].filter(Boolean).join(' '))
  })
}
