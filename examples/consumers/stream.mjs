// Reads triggers as server-sent events with Node.js 18 or newer, without packages, and goes on
// where it was after a break. In a browser, EventSource does the same; a secret key must not be there.
//
//   KEY=... node examples/consumers/stream.mjs http://127.0.0.1:8000

const url = process.argv[2]
const headers = { Authorization: `Bearer ${process.env.KEY}` }
let cursor = '0'

function handle({ data }) {
  console.log(`${cursor} ${data.campaign} for ${data.user}`)
}

function take(block) {
  const fields = { event: 'message', data: '' }
  for (const line of block.split('\n')) {
    const at = line.indexOf(':')
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart()
  }
  if (fields.id) cursor = fields.id
  if (fields.event === 'trigger') handle(JSON.parse(fields.data))
  if (fields.event === 'lost') console.error(`missed: ${fields.data}`)
}

for (;;) {
  try {
    const answer = await fetch(`${url}/v1/triggers/stream?cursor=${cursor}`, { headers })
    if (!answer.ok) throw new Error(await answer.text())
    let held = ''
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (held + part).split('\n\n')
      held = blocks.pop()
      blocks.forEach(take)
    }
  } catch (error) {
    console.error(`connecting again: ${error.message}`)
  }
  await new Promise((done) => setTimeout(done, 1000))
}
