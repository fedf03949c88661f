// What the models know of themselves, as a table: for the live and the operations page.

import { element, number, table } from './dom.js'

const WHAT = {
  intent: 'will this visit buy?',
  churn: 'who will not come back?',
  spend: 'what will a person spend?',
  order_value: 'what will an order be worth?',
  response: 'who answers a campaign?',
  segments: 'which kinds of people are there?',
  baskets: 'rules and concepts: what goes together',
  blend: 'weights of the recommendations',
  ranker: 'the order of given lists',
  decide: 'which offer to make',
  feedback: 'topics and feelings of what is said',
  visits: 'which visits are unlike the others?',
  rates: 'how much comes in, and of what',
  items: 'neighbours and popularity of items',
}
const figure = (value, digits = 4) => (typeof value === 'number' ? number(value, digits) : '–')

const named = (name) => element('span', {}, element('b', {}, name), element('br'), element('small', {}, WHAT[name] ?? ''))

// What it learnt from; of a model without examples, what it counts.
function learnt({ learned, counts }) {
  if (learned !== null && learned !== undefined) return number(learned)
  const told = Object.entries(counts).filter(([, value]) => value).map(([name, value]) => `${name} ${number(value)}`)
  return told.length ? element('small', {}, told.join(', ')) : '–'
}

function against({ contest }) {
  if (!contest) return '–'
  return Object.entries(contest.challengers).map(([name, told]) => (
    `${name} ${told.judged ? figure(told.loss) : 'not judged yet'}`)).join(', ') || '–'
}

const loss = ({ contest, loss: watched }) => (contest?.judged ? figure(contest.loss) : figure(watched))

// Few columns: how good, beside whom, and whether anything is wrong.
export const scoreboard = (models) => table(
  ['model', 'learnt from', 'loss', 'challenger', 'drifts', 'rolled back'],
  models.map((model) => [named(model.name), learnt(model), loss(model), against(model),
    number(model.drifts), number(model.rollbacks)]),
  'No model has learnt yet: each begins with the first visits that end.')

// All that its guard counted.
export const guards = (models) => table(
  ['model', 'learnt', 'refused', 'errors', 'rolled back', 'restarts', 'the last cause'],
  models.filter(({ learned }) => learned !== null).map((model) => [model.name, number(model.learned), number(model.refused),
    number(model.errors), number(model.rollbacks), number(model.restarts), model.cause ?? 'none']),
  'No model has learnt yet.')

// What of it changed, the newest last.
export const drifts = (models) => table(
  ['model', 'drifts', 'of late'],
  models.filter((model) => model.drifts !== null).map((model) => [model.name, number(model.drifts),
    model.drifted.slice(-3).map(({ series, before, after }) => `${series}: ${figure(before)} to ${figure(after)}`).join('; ') || 'none']),
  'No model is watched yet: that begins with what it has learnt.')

// Who is better, and how sure that is.
export const contests = (models) => table(
  ['model', 'champion', 'loss', 'challenger', 'loss', 'judged', 'evidence (log10)', 'promotions'],
  models.filter(({ contest }) => contest).flatMap(({ name, contest }) => (
    Object.entries(contest.challengers).map(([challenger, told]) => [name, contest.champion, figure(contest.loss),
      challenger, figure(told.loss), number(told.judged), figure(told.log10_evidence), number(contest.promotions.length)]))),
  'No challenger runs: flow.challengers names them.')
