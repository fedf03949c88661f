// headrace.js: tells Headrace what a visitor does, and asks it what to show. No dependencies.
//
//   <script src="/web/headrace.js"></script>
//   headrace.load({ writeKey: 'KEY', url: 'https://events.example.com' })
//   headrace.track('view', { item: 'kettle', price: 39.9, currency: 'EUR' })
//   const answer = await headrace.recommend({ n: 6 })
//   headrace.observe(element, answer, position)   // reports when it was seen, and clicks on it
//
// Events wait in localStorage until the collector has acknowledged them, with ids that stay the
// same: a page that is closed, or a network that is away, loses nothing and repeats nothing.
(() => {
  'use strict'
  const QUEUE = 'headrace.queue'
  const PERSON = 'headrace.person'
  const MAX_WAITING = 500 // the oldest go first: a shop that is away for days fills no disk
  const BATCH = 50
  const PAUSES = [1, 2, 5, 15, 60] // seconds between attempts
  const FIELDS = 'item price currency quantity value session query text order request position campaign variant consent'.split(' ')

  let settings = { url: '', writeKey: '' }
  let sending = false
  let attempt = 0
  let timer = 0
  let memory = {} // where localStorage is forbidden

  function read(key, nothing) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? nothing
    } catch {
      return memory[key] ?? nothing
    }
  }

  function write(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value))
    } catch {
      memory[key] = value
    }
  }

  const fresh = () => (crypto.randomUUID ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''))

  function person() {
    const known = read(PERSON, {})
    if (!known.device) {
      known.device = fresh()
      write(PERSON, known)
    }
    return known
  }

  const address = (path) => {
    const key = settings.writeKey ? `${path.includes('?') ? '&' : '?'}writeKey=${encodeURIComponent(settings.writeKey)}` : ''
    return settings.url.replace(/\/$/, '') + path + key
  }

  // Fields of the event go where they belong; what is not one is kept in `props`.
  function put(type, given = {}) {
    const { device, user } = person()
    const event = { id: fresh(), type, time: Date.now(), device, ...(user && { user }), props: {} }
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined || value === null) continue
      if (FIELDS.includes(name)) event[name] = value
      else event.props[name] = value
    }
    write(QUEUE, [...read(QUEUE, []), event].slice(-MAX_WAITING))
    clearTimeout(timer)
    timer = setTimeout(flush, 0)
    return event.id
  }

  function later() {
    const pause = PAUSES[Math.min(attempt++, PAUSES.length - 1)]
    clearTimeout(timer)
    timer = setTimeout(flush, 1000 * pause * (0.75 + Math.random() / 2))
  }

  function drop(ids) {
    write(QUEUE, read(QUEUE, []).filter(({ id }) => !ids.has(id)))
  }

  // What an answer says of refused events: all of a batch, or some of one that is taken else.
  async function refused(answer) {
    const told = await answer.text()
    if (!answer.ok) return told
    try {
      const { rejected } = JSON.parse(told)
      return rejected.length ? JSON.stringify(rejected) : ''
    } catch {
      return ''
    }
  }

  async function flush() {
    if (sending) return
    const batch = read(QUEUE, []).slice(0, BATCH)
    if (!batch.length) return
    sending = true
    try {
      // text/plain: another origin needs no preflight.
      const answer = await fetch(address('/v1/events'), {
        method: 'POST', body: JSON.stringify(batch), headers: { 'Content-Type': 'text/plain' }, keepalive: true,
      })
      if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status))
      // Taken, or refused for good: an event that is wrong today is wrong tomorrow.
      const why = await refused(answer)
      if (!answer.ok || why) console.warn(`headrace: events refused (${answer.status})`, why)
      drop(new Set(batch.map(({ id }) => id)))
      attempt = 0
      sending = false
      if (read(QUEUE, []).length) await flush()
    } catch {
      later()
    } finally {
      sending = false
    }
  }

  // The page goes: what waits is handed to the browser. It stays queued, and a repeat has no effect.
  function leave() {
    const batch = read(QUEUE, []).slice(0, BATCH)
    if (batch.length) navigator.sendBeacon?.(address('/v1/events'), JSON.stringify(batch))
  }

  const load = (given) => {
    settings = { ...settings, ...given }
    addEventListener('online', () => { attempt = 0; flush() })
    addEventListener('pagehide', leave)
    return flush()
  }

  const track = (type, properties) => put(type, properties)
  const page = (properties = {}) => put('view', { url: location.pathname, title: document.title, ...properties })

  const identify = (user, traits = {}) => {
    write(PERSON, { ...person(), user })
    return put('identify', traits)
  }

  const consent = (purposes) => put('view', { consent: purposes })

  // Another person at this browser: a new device, and what waits is still the first one's.
  const reset = () => {
    write(PERSON, {})
    person()
  }

  async function recommend({ user, ...parameters } = {}) {
    const known = person()
    const who = encodeURIComponent(user ?? known.user ?? `device:${known.device}`)
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of [value].flat()) if (one !== undefined) query.append(name, one)
    }
    const answer = await fetch(address(`/v1/users/${who}/recommendations?${query}`))
    if (!answer.ok) throw new Error(`headrace: no recommendations (${answer.status})`)
    return answer.json()
  }

  // An element that shows an answer's item: seen is half of it in view for a second.
  function observe(element, answer, position) {
    const about = { item: answer.items[position].item, request: answer.request, position }
    let wait = 0
    const watcher = new IntersectionObserver(([entry]) => {
      clearTimeout(wait)
      if (entry.isIntersecting) {
        wait = setTimeout(() => { watcher.disconnect(); put('impression', about) }, 1000)
      }
    }, { threshold: 0.5 })
    watcher.observe(element)
    element.addEventListener('click', () => put('click', about))
  }

  globalThis.headrace = {
    load, track, page, identify, consent, reset, recommend, observe, flush, get person() { return person() },
  }
})()
