// A small shop that uses nothing but headrace.js and the public API: the part to copy.

import { ask, byId, describe, element, navigation, rows, table } from './dom.js'
import { picture } from './picture.js'

/* global headrace */
const SHOWN = 8
const CART = 'shop.cart'

headrace.load({})

// --- asking -------------------------------------------------------------------------------------

const me = () => {
  const { user, device } = headrace.person
  return encodeURIComponent(user ?? `device:${device}`)
}

// What was just done is in the answers a few hundredths of a second later: ask until it is.
async function caughtUp(since) {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answer = await ask(`v1/users/${me()}/profile`)
    if (answer.as_of !== null && answer.as_of >= since) return answer
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
  return ask(`v1/users/${me()}/profile`)
}

// --- doing --------------------------------------------------------------------------------------

const about = (item) => ({
  item: item.item, price: item.price, currency: item.currency, category: item.category, brand: item.brand, tags: item.tags,
})

const cart = () => JSON.parse(localStorage.getItem(CART) ?? '[]')

function keepCart(ids) {
  localStorage.setItem(CART, JSON.stringify(ids))
  byId('in-cart').textContent = ids.length
}

async function act(type, more) {
  const since = Date.now()
  headrace.track(type, more)
  await headrace.flush()
  return since
}

// --- showing ------------------------------------------------------------------------------------

const price = ({ price: amount, currency }) => (
  amount === null || amount === undefined ? '' : new Intl.NumberFormat('en', { style: 'currency', currency: currency ?? 'EUR' }).format(amount))

async function shelf(title, answer, watched = true) {
  const described = await describe(answer.items.map(({ item }) => item))
  const list = element('ul', { class: 'shelf' })
  described.forEach((item, position) => {
    const { strategy, reasons } = answer.items[position]
    const good = element('a', { class: 'good', href: `#item/${encodeURIComponent(item.item)}` },
      picture(item),
      element('b', {}, item.title || item.item),
      element('small', {}, [item.brand, item.category].filter(Boolean).join(' · ')),
      element('span', {}, price(item)),
      element('span', { class: 'why' }, (reasons ?? [])[0] ?? strategy ?? ''))
    if (watched) headrace.observe(good, answer, position)
    list.append(element('li', {}, good))
  })
  return [element('h2', {}, title), list]
}

async function home() {
  const [mine, trending] = await Promise.all([headrace.recommend({ n: SHOWN }), ask(`v1/trending?n=${SHOWN}`)])
  return [...await shelf(mine.fallback ? 'To begin with' : 'For you', mine), ...await shelf('Trending', trending)]
}

async function itemPage(id, arrived) {
  const [item] = await describe([id])
  if (arrived) await caughtUp(await act('view', about(item)))
  const [similar, mine] = await Promise.all([
    ask(`v1/items/${encodeURIComponent(id)}/similar?n=${SHOWN / 2}`),
    headrace.recommend({ n: SHOWN / 2, item: id }),
  ])
  const button = (text, type, more, main = false) => element('button', {
    type: 'button', class: main ? 'main' : '', onclick: () => doing(type, more),
  }, text)
  return [
    element('div', { class: 'large' }, picture(item)),
    element('h2', {}, item.title || item.item),
    element('p', {}, [item.brand, item.category, price(item), item.in_stock === false ? 'out of stock' : ''].filter(Boolean).join(' · ')),
    element('div', { class: 'actions' },
      button('Add to cart', 'add_to_cart', { ...about(item), quantity: 1 }, true),
      button('Like', 'like', about(item)),
      button('Dislike', 'dislike', about(item))),
    ...await shelf('Goes with it', similar),
    ...await shelf('For you, on this page', mine),
  ]
}

async function doing(type, more) {
  if (type === 'add_to_cart') keepCart([...cart(), more.item])
  await caughtUp(await act(type, more))
  await show(false)
}

async function cartPage() {
  const items = await describe(cart())
  const buy = async () => {
    const order = crypto.randomUUID()
    let since = 0
    for (const item of items) since = await act('purchase', { ...about(item), quantity: 1, order })
    keepCart([])
    await caughtUp(since)
    location.hash = ''
  }
  const answer = { items: items.map(({ item }) => ({ item })) }
  return [
    ...await shelf(items.length ? 'In your cart' : 'Your cart is empty', answer, false),
    ...(items.length ? [element('button', { type: 'button', class: 'main', onclick: buy }, 'Buy it all')] : []),
  ]
}

async function searchPage(query, arrived) {
  if (arrived) await act('search', { query })
  const answer = await ask(`v1/search?q=${encodeURIComponent(query)}`)
  return shelf(`For “${query}”`, answer, false)
}

let knownOf = '' // whom the panel speaks of

async function showKnown() {
  const asked = me()
  const [{ profile, degraded }, { segments, scores, degraded: blurred }] = await Promise.all([
    ask(`v1/users/${asked}/profile`), ask(`v1/users/${asked}/segments`)])
  // While the store is away nobody is known to the API: what was known stands.
  const away = degraded || blurred
  if (away && knownOf === asked) return
  knownOf = away ? '' : asked
  const { user, device } = headrace.person
  byId('who').textContent = user ?? `a device without a name: ${device.slice(0, 8)}`
  if (away) {
    byId('known').replaceChildren(element('p', {}, 'What is known cannot be read just now.'))
    return
  }
  if (!profile) {
    byId('known').replaceChildren(element('p', {}, 'Nothing yet. Look at something: a moment later the shelf is made for you, and this says why.'))
    return
  }
  const named = (list) => list.slice(0, 4).map(({ name, weight }) => `${name} ${weight.toFixed(1)}`).join(', ') || 'none yet'
  const scored = Object.entries(scores ?? {}).map(([name, score]) => [name, (score.value ?? score).toFixed(3)])
  const recent = await describe([...new Set(profile.recents.map(({ item }) => item))].slice(0, 5))
  byId('known').replaceChildren(
    rows([
      ['stage', profile.stage],
      ['events', String(profile.events)],
      ['visits', String(profile.sessions)],
      ['categories', named(profile.interests.categories)],
      ['brands', named(profile.interests.brands)],
      ['in the cart', String(profile.cart.items.length)],
      ['orders', String(profile.orders.frequency)],
      ['segment', segments.map(({ name, id }) => name ?? id).join(', ') || 'none yet'],
    ]),
    element('h3', {}, 'Scores'),
    scored.length ? rows(scored) : table([], [], 'None yet.'),
    element('h3', {}, 'Seen last'),
    element('ol', {}, ...recent.map((item) => element('li', {}, item.title || item.item))))
}

let turn = 0

// `arrived`: the visitor has come to the page, rather than done something on it.
async function show(arrived = true) {
  const mine = turn += 1
  const [kind, rest] = location.hash.slice(1).split('/')
  const pages = { item: itemPage, search: searchPage, cart: cartPage }
  try {
    const parts = await (pages[kind] ?? home)(decodeURIComponent(rest ?? ''), arrived)
    await showKnown()
    if (mine === turn) byId('page').replaceChildren(...parts) // a later click is not painted over
  } catch (error) {
    byId('page').replaceChildren(element('p', {}, `The shop cannot be reached (${error.message}). `,
      element('button', { type: 'button', onclick: () => show() }, 'Try again')))
  }
}

byId('search').addEventListener('submit', (event) => {
  event.preventDefault()
  const query = new FormData(event.target).get('q').trim()
  if (query) location.hash = `search/${encodeURIComponent(query)}`
})
byId('forget').addEventListener('click', () => {
  headrace.reset()
  keepCart([])
  location.hash = ''
  show()
})
addEventListener('hashchange', () => show())
navigation()
keepCart(cart())
show()
