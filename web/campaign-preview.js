// Whom would a campaign reach? What was asked of people, and what was taken for granted.

import { toml } from './campaign-fields.js'
import { counted, element, number, percent, personLink, table } from './dom.js'
import { learnNames, named } from './segment-names.js'

const OUT = { bot: 'are taken for programs', consent: 'have not given the consent', audience: 'are not of the audience', condition: 'do not fit the condition' }

const region = (label, made) => element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, made)

function sentence({ looked_at: looked, fit, whole, conditions }) {
  const whom = whole ? `all ${counted(looked, 'person', 'people')} of the store` : `${counted(looked, 'person', 'people')}, a sample in the store’s own order`
  const moments = conditions.some((one) => one.moments.length)
  const when = moments ? ' would get it if the moment came' : ` ${fit === 1 ? 'fits' : 'fit'}; it fires for those of whom it becomes true, not for those of whom it is already`
  return element('p', {}, element('b', {}, `${number(fit)} of ${number(looked)} (${percent(looked ? fit / looked : null)})`), `${when}. Asked of ${whom}, before cooldown, caps, quiet hours and holdout.`)
}

const asked = ({ conditions, audience }) => [
  ...(audience ? [['audience', audience.stored, audience.moments.join(', ') || '–', '–']] : []),
  ...conditions.map((one, index) => [conditions.length > 1 ? `condition ${index + 1}` : 'condition', one.stored === 'true' ? 'nothing: all of it is about moments' : one.stored, one.moments.join(', ') || '–', number(one.fit)]),
]

function replays(found, draft) {
  const told = found.map(({ namespace, counts }) => [namespace, number(counts.fired ?? 0), number(counts.held ?? 0),
    Object.entries(counts).filter(([name]) => !['fired', 'held'].includes(name)).map(([name, count]) => `${name} ${number(count)}`).join(', ') || '–'])
  return [
    element('h3', {}, 'In replays'),
    element('p', { class: 'note' }, 'What is above was asked of people as they are now, and takes moments for granted. A replay sends the log through the same stages as live traffic: thresholds are crossed when they were, timers run, cooldown, caps, quiet hours and holdout apply. Its counts are of triggers, of the campaign of this id as that replay had it.'),
    region('Replays', table(['namespace', 'sent', 'held out', 'not sent'], told, `No replay in the store has a campaign ${draft.id} yet.`)),
    element('details', {}, element('summary', {}, 'Replay the log with this draft'),
      element('p', { class: 'note' }, `Save this as draft/${draft.id}.toml. Run the command beside the engine, with its data folder; it delivers nothing, and its counts stand here afterwards.`),
      region('The draft as a file', element('pre', {}, toml(draft))),
      region('The command', element('pre', {}, 'HEADRACE_CAMPAIGNS__FOLDER=draft headrace replay kafka:events.click,events.feedback --namespace draft --as-running --data-dir var'))),
  ]
}

export function drawPreview(place, told, draft) {
  const out = Object.entries(told.out).filter(([, count]) => count).map(([name, count]) => [OUT[name], number(count)])
  const segments = Object.entries(told.segments).map(([name, count]) => [named(name, 'none yet'), number(count)])
  const head = element('h3', {}, 'Whom it would reach')
  place.replaceChildren(
    head, sentence(told),
    region('What was asked', table(['part', 'asked of what is stored', 'taken for granted', 'fit'], asked(told), '')),
    ...(told.people.length ? [element('p', {}, told.fit > told.people.length ? 'Some of them: ' : 'They are: ', ...told.people.flatMap((id, index) => [index ? ', ' : '', personLink(id)]))] : []),
    ...(out.length ? [region('Who is out', table(['the others', 'people'], out, ''))] : []),
    ...(segments.length ? [region('By segment', table(['segment', 'fit'], segments, ''))] : []),
    ...replays(told.replays, draft))
  learnNames(Object.keys(told.segments)).then((learnt) => { if (learnt && head.isConnected) drawPreview(place, told, draft) }, () => {})
}
