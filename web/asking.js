// Asking the API. Where it wants a key, people are asked for one, which this tab alone remembers.

const KEY = 'headrace.key'
let typing = null // what all that wait for a key wait for

const remembered = () => sessionStorage.getItem(KEY)

// What was asked for in vain: `status`, and the API's own words in `problem`.
export class AskError extends Error {
  constructor(path, status, problem) {
    super(problem.detail ?? `${path}: ${status}`)
    this.status = status
    this.problem = problem
  }
}

function dialogue(why) {
  const made = document.createElement('dialog')
  made.innerHTML = `<form method="dialog"><h2 id="key-title">A key, please</h2>
    <p></p><p><label>Secret key <input type="password" name="key" autocomplete="off" required></label></p>
    <p class="note">Kept until this tab is closed. <code>headrace keys create SITE --scope SCOPE</code> makes one.</p>
    <p class="actions"><button class="main" value="use">Use it</button>
    <button value="no" formnovalidate>Leave it</button></p></form>`
  made.setAttribute('aria-labelledby', 'key-title')
  made.querySelector('p').textContent = why
  return made
}

// Ask for a key, once for all that wait for it; say whether there is one now.
function typed(why) {
  typing ??= new Promise((done) => {
    const made = dialogue(why)
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
  const shut = answer.status === 401 || (answer.status === 403 && problem.type?.endsWith(':wrong-scope'))
  // Somebody may have typed one since this was sent.
  if (shut && (remembered() !== key || await typed(problem.detail))) return ask(path, { method, body, headers })
  throw new AskError(path, answer.status, problem)
}
