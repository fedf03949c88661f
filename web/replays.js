// Replays that lie in the store: what each came to, and what differs between two namespaces.

import { ask, at, byId, element, number, ofSite, table } from './dom.js'

const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0)
const tell = (text) => { byId('compared').textContent = text }

async function list() {
  try {
    const { served, replays } = await ask(`v1/replays?${ofSite()}`)
    byId('replays').replaceChildren(table(
      ['namespace', 'of', 'ended', 'events', 'applied', 'rejected', 'people', 'items', 'triggers', 'events a second', 'state hash'],
      replays.map(({ namespace, source, time, summary }) => [namespace, source, at(time),
        number(summary.events), number(summary.applied), number(sum(summary.rejected)), number(summary.users), number(summary.items),
        number(sum(summary.triggers)), number(summary.events_per_second), element('code', {}, summary.state_hash)]), 'None yet: `headrace replay events.jsonl` makes one.'))
    const names = [served, ...replays.map(({ namespace }) => namespace).filter((name) => name !== served)]
    const { a, b } = byId('compare').elements
    for (const [select, chosen] of [[a, a.value || names[0]], [b, b.value || names[1] || names[0]]]) {
      select.replaceChildren(...names.map((name) => element('option', { value: name, ...(name === chosen && { selected: '' }) }, name)))
    }
  } catch (error) {
    tell(error.message)
  }
}

const short = (value) => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

const example = (kind, { site, id, changes }) => element('details', {},
  element('summary', {}, `${kind} ${site} ${id}`),
  table(['field', 'in the first', 'in the second'], Object.entries(changes).map(([field, [left, right]]) => [field, short(left), short(right)]), ''))

async function compare() {
  const { a, b } = Object.fromEntries(new FormData(byId('compare')))
  tell(`Comparing ${a} with ${b}: all of both is read.`)
  byId('difference').replaceChildren()
  try {
    const { kinds, differs } = await ask(`v1/replays/diff?${ofSite({ a, b })}`)
    tell(differs ? `${a} and ${b} differ.` : `${a} and ${b} are the same.`)
    byId('difference').replaceChildren(
      table(['view', 'same', 'changed', `only in ${a}`, `only in ${b}`], Object.entries(kinds).map(([kind, told]) => (
        [kind, number(told.same), number(told.changed), number(told.only_in_a), number(told.only_in_b)])), 'No views.'),
      ...Object.entries(kinds).flatMap(([kind, { examples }]) => examples.map((one) => example(kind, one))))
  } catch (error) {
    tell(error.message)
  }
}

export function showReplays() {
  byId('compare').addEventListener('submit', (event) => {
    event.preventDefault()
    compare()
  })
  byId('list').addEventListener('click', list)
  list()
}
