// Asking the API. Where it wants a key, people are asked for one, which this tab alone remembers.

const KEY = 'headrace.key'
let typing = null // what all that wait for a key wait for

const remembered = () => sessionStorage.getItem(KEY)

// What the API says of keys is for programs; this is for whoever looks at a page.
const WORDS = {
  missing: 'What is here is not for everybody: it opens with a key. Whoever looks after Headrace can give you one.',
  unknown: 'That key is not known. Was it copied whole? It may also have been withdrawn: whoever looks after Headrace can tell, and give you another.',
  wrong: 'That key is good, and does not open what is here. Whoever looks after Headrace can give you one that does.',
}
const wordsOf = ({ type, detail }) => WORDS[type?.split(':').at(-1).split('-')[0]] ?? detail

// What was asked for in vain: `status`, and the API's own words in `problem`.
export class AskError extends Error {
  constructor(path, status, problem) {
    super(isShut(status, problem) ? wordsOf(problem) : problem.detail ?? `${path}: ${status}`)
    this.status = status
    this.problem = problem
  }
}

const isShut = (status, { type }) => status === 401 || (status === 403 && type?.endsWith(':wrong-scope'))

function dialogue(problem) {
  const made = document.createElement('dialog')
  made.innerHTML = `<form method="dialog"><h2 id="key-title">This page opens with a key</h2>
    <p></p><p><label>Your key <input type="password" name="key" autocomplete="off" required></label></p>
    <p class="note">It is kept until you close this tab, and nowhere else.</p>
    <details><summary>For whoever looks after Headrace</summary><p></p>
    <p><code>headrace keys create SITE --scope SCOPE</code> makes a key.</p></details>
    <p class="actions"><button class="main" value="use">Open</button>
    <button value="no" formnovalidate>Not now</button></p></form>`
  made.setAttribute('aria-labelledby', 'key-title')
  made.querySelector('p').textContent = wordsOf(problem)
  made.querySelector('details p').textContent = problem.detail ?? ''
  return made
}

// Ask for a key, once for all that wait for it; say whether there is one now.
function typed(problem) {
  typing ??= new Promise((done) => {
    const made = dialogue(problem)
    made.addEventListener('close', () => {
      const key = made.querySelector('input').value.trim()
      const given = made.returnValue === 'use' && key !== ''
      if (given) sessionStorage.setItem(KEY, key)
      made.remove()
      typing = null
      done(given)
    })
    document.body.append(made)
    made.showModal()
  })
  return typing
}

// An answer's JSON. `body` makes it a POST unless `method` says otherwise; `headers` are added.
export async function ask(path, { method, body, headers = {} } = {}) {
  const key = remembered()
  const answer = await fetch(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    credentials: 'omit', // else the browser itself asks for a name and a password, in front of all
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(key && { Authorization: `Bearer ${key}` }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (answer.ok) return answer.json()
  const problem = await answer.json().catch(() => ({}))
  // Somebody may have typed one since this was sent.
  if (isShut(answer.status, problem) && (remembered() !== key || await typed(problem))) return ask(path, { method, body, headers })
  throw new AskError(path, answer.status, problem)
}
