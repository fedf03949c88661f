// The fields of a campaign in a form: made of a campaign, and read back into one.

import { element } from './dom.js'

const field = (label, input, at, note) => element('label', { class: 'field', 'data-at': at },
  element('span', {}, label), input, ...(note ? [element('small', {}, note)] : []))
const input = (name, value, more = {}) => element('input', { name, value: value ?? '', autocomplete: 'off', ...more })
const code = (name, value, rows, more = {}) => {
  const made = element('textarea', { name, rows: Math.max(rows, Math.min(8, (value ?? '').split('\n').length)), class: 'code', spellcheck: 'false', autocapitalize: 'off', ...more })
  made.value = value ?? ''
  return made
}
const group = (legend, ...children) => element('fieldset', {}, element('legend', {}, legend), ...children)
const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean)
const listed = (value) => (Array.isArray(value) ? value : [value ?? ''])

// A time as the browser's own field takes it, in the zone of who looks.
function local(iso) {
  if (!iso) return ''
  const date = new Date(iso)
  return new Date(date.getTime() - 60_000 * date.getTimezoneOffset()).toISOString().slice(0, 16)
}

function conditions(values, changed) {
  const box = element('div', {})
  const add = (value) => {
    const number = box.children.length
    box.append(field(number ? 'or when' : 'When', code('condition', value, 3), number ? `condition.${number}` : 'condition'))
  }
  values.forEach(add)
  return group('Condition', box, element('p', { class: 'actions' }, element('button', {
    type: 'button', onclick: () => { add(''); box.lastElementChild.querySelector('textarea').focus(); changed() },
  }, 'Another condition, of which any will do')))
}

function parameters(template, given) {
  const fields = Object.entries(template.with).map(([name, usual]) => (
    field(name, input(`with.${name}`, given[name] ?? '', { placeholder: usual, 'data-kind': typeof usual }), `with.${name}`)))
  return group('Condition, of the template', element('p', { class: 'note' }, template.meaning),
    element('div', { class: 'beside', 'data-at': 'with' }, ...fields),
    element('pre', { class: 'scroll note', id: 'filled', tabindex: 0, 'aria-label': 'The condition as it stands' }))
}

const purpose = (name, consent) => element('label', {}, element('input', {
  type: 'checkbox', name: 'consent', value: name, ...(consent.includes(name) && { checked: '' }),
}), ` ${name} `)

// All fields of a campaign; what it does not say is as its template has it.
export function fieldsOf(campaign, name, words, changed) {
  const template = words.templates[name]
  const { message, ...more } = campaign.send ?? {}
  const quiet = campaign.quiet_hours ?? {}
  const json = Object.keys(more).length ? JSON.stringify(more, null, 1) : ''
  return [
    element('div', { class: 'beside' },
      ...(campaign.id ? [] : [field('Id, for addresses', input('id', '', { required: '', maxlength: 64 }), 'id')]),
      field('Name, for people', input('name', campaign.name, { required: '', maxlength: 120 }), 'name')),
    template ? parameters(template, campaign.with ?? {}) : conditions(listed(campaign.condition), changed),
    field('Audience: what has to hold as well', code('audience', campaign.audience, 2), 'audience', 'empty: everybody'),
    group('What to send', field('Message', input('message', message), 'send'),
      field('Further fields, as JSON', code('send', json, 2), 'send.more')),
    element('div', { class: 'beside' },
      field('Cooldown of a person', input('cooldown', campaign.cooldown, { placeholder: template?.cooldown ?? '1d' }), 'cooldown', '30m, 1h, 14d'),
      field('Held out, %', input('holdout', 100 * (campaign.holdout ?? 0), { type: 'number', min: 0, max: 90, step: 'any' }), 'holdout', 'get nothing, to compare with'),
      field('Priority', input('priority', campaign.priority ?? 0, { type: 'number', step: 1 }), 'priority', 'the highest goes first')),
    group('Not too often, not at night',
      field('Caps of all campaigns together, one a line', code('caps', (campaign.caps ?? []).map(({ count, per }) => `${count} per ${per}`).join('\n'), 2), 'caps', '3 per 7d'),
      element('div', { class: 'beside', 'data-at': 'quiet_hours' },
        field('Quiet from', input('quiet.from', quiet.from, { type: 'time' }), 'quiet_hours.from'),
        field('to', input('quiet.to', quiet.to, { type: 'time' }), 'quiet_hours.to'),
        field('Zone of those who told none', input('quiet.zone', quiet.zone, { placeholder: 'UTC' }), 'quiet_hours.zone'),
        field('Then', choice('quiet.then', ['wait', 'drop'], quiet.then), 'quiet_hours.then'))),
    element('div', { class: 'beside' },
      field('Start', input('start', local(campaign.start), { type: 'datetime-local' }), 'start'),
      field('End', input('end', local(campaign.end), { type: 'datetime-local' }), 'end')),
    field('Variants, one a line with its weight', code('variants', Object.entries(campaign.variants ?? {}).map((one) => one.join(' ')).join('\n'), 2), 'variants', 'a 1'),
    element('fieldset', { 'data-at': 'consent' }, element('legend', {}, 'Only with consent to'),
      ...['marketing', 'personalization'].map((one) => purpose(one, campaign.consent ?? (template?.service ? [] : ['marketing'])))),
  ]
}

function choice(name, options, value) {
  const made = element('select', { name }, ...options.map((one) => element('option', { value: one }, one)))
  made.value = value ?? options[0]
  return made
}

const numeric = (text) => (text !== '' && Number.isFinite(Number(text)) ? Number(text) : text)

const MOST_HELD = 90 // percent, as the API has it of shares

// The further fields of what is sent; what cannot be read goes into `faults`.
function furtherOf(text, faults) {
  try {
    const read = JSON.parse(text || '{}')
    if (read !== null && typeof read === 'object' && !Array.isArray(read)) return read
    faults.push({ field: 'send.more', detail: 'expected an object: {"banner": 7}' })
  } catch (error) {
    faults.push({ field: 'send.more', detail: `no JSON: ${error.message}` })
  }
  return {}
}

function shareOf(text, faults) {
  const percent = numeric(text)
  if (percent >= 0 && percent <= MOST_HELD) return Math.round(1e6 * percent) / 1e8
  faults.push({ field: 'holdout', detail: `expected 0 to ${MOST_HELD} %, got ${text}` })
  return 0
}

// The campaign that the form says, as the API takes it, without what only the form has wrong, which
// is in `faults`; what else is wrong the API says.
export function campaignOf(form, before, name) {
  const faults = []
  const given = new FormData(form)
  const text = (field_) => (given.get(field_) ?? '').trim()
  const made = { id: before.id || text('id'), name: text('name') }
  if (name) made.template = name
  const filled = [...form.querySelectorAll('[name^="with."]')].filter(({ value }) => value.trim())
  if (filled.length) made.with = Object.fromEntries(filled.map((one) => [one.name.slice(5), one.dataset.kind === 'number' ? numeric(one.value.trim()) : one.value.trim()]))
  if (!name) made.condition = given.getAll('condition').map((one) => one.trim()).filter((one, index) => one || !index)
  if (text('audience')) made.audience = text('audience')
  const send = { ...(text('message') && { message: text('message') }), ...furtherOf(text('send'), faults) }
  if (Object.keys(send).length) made.send = send
  if (text('cooldown')) made.cooldown = text('cooldown')
  if (text('holdout') !== '') made.holdout = shareOf(text('holdout'), faults)
  if (text('priority') !== '') made.priority = numeric(text('priority'))
  const caps = lines(text('caps')).map((line) => line.split(/\s+per\s+|\s+/))
  if (caps.length) made.caps = caps.map(([count, per]) => ({ count: numeric(count), ...(per && { per }) }))
  if (text('quiet.from') || text('quiet.to')) made.quiet_hours = { from: text('quiet.from'), to: text('quiet.to'), ...(text('quiet.zone') && { zone: text('quiet.zone') }), then: text('quiet.then') }
  for (const end of ['start', 'end']) if (text(end)) made[end] = new Date(text(end)).toISOString()
  const variants = lines(text('variants')).map((line) => line.match(/^(.*?)\s+(\S+)$/) ?? [line, line, '1'])
  if (variants.length) made.variants = Object.fromEntries(variants.map(([, one, weight]) => [one, numeric(weight)]))
  made.consent = given.getAll('consent')
  if (before.enabled === false) made.enabled = false
  return { made, faults }
}

// A campaign as a file of `campaigns.folder`: JSON's texts and numbers are TOML's as well.
export function toml({ id, ...campaign }) {
  const value = (one) => {
    if (Array.isArray(one)) return `[${one.map(value).join(', ')}]`
    if (one !== null && typeof one === 'object') return `{ ${Object.entries(one).map(([name, inner]) => `${JSON.stringify(name)} = ${value(inner)}`).join(', ')} }`
    return JSON.stringify(one)
  }
  return `# ${id}.toml\n${Object.entries(campaign).map(([name, one]) => `${name} = ${value(one)}`).join('\n')}\n`
}
