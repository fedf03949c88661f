// Names of segments, for pages whose answers have ids alone.

import { ask } from './dom.js'

let names = new Map()

export const named = (id, nothing) => (id ? names.get(id) ?? id : nothing)

// Learn those that are not known yet, and tell whether there were any; what has gone keeps its id.
export async function learnNames(ids) {
  if (ids.every((id) => !id || names.has(id))) return false
  const { segments } = await ask('v1/segments')
  names = new Map([...ids.map((id) => [id, id]), ...segments.map(({ id, name }) => [id, `${name} (${id})`])])
  return true
}
