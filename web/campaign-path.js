// Where campaigns are asked for, of the site that the page's address names, if any.

import { ofSite } from './dom.js'

// The path below `v1/campaigns` of an id's `part`, or of one of the words of all.
export function pathOf(id = '', part = '') {
  const query = String(ofSite())
  return ['v1/campaigns', encodeURIComponent(id), part].filter(Boolean).join('/') + (query ? `?${query}` : '')
}
