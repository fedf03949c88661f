// A receiver of webhooks for Node.js 18 or newer, without packages.
//
//   SECRET=whsec_... node examples/consumers/webhook.mjs 8080
//
// The signature is that of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 of
// `id.timestamp.body` with the secret's bytes; the header may hold several during a rotation.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const key = Buffer.from(process.env.SECRET.replace(/^whsec_/, ''), 'base64')
const TOLERANCE_S = 300
// A real receiver keeps ids where they outlive it, for a week or so.
const seen = new Set()

function isSigned(headers, body) {
  const stamp = headers['webhook-timestamp']
  if (!stamp || Math.abs(Date.now() / 1000 - Number(stamp)) > TOLERANCE_S) return false
  const wanted = createHmac('sha256', key).update(`${headers['webhook-id']}.${stamp}.`).update(body).digest()
  return (headers['webhook-signature'] ?? '').split(' ').some((one) => {
    const [version, signature] = one.split(',')
    const given = Buffer.from(signature ?? '', 'base64')
    return version === 'v1' && given.length === wanted.length && timingSafeEqual(given, wanted)
  })
}

function handle({ data }) {
  console.log(`send ${JSON.stringify(data.send ?? {})} to ${data.user} for ${data.campaign}`)
}

const server = createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const body = Buffer.concat(parts)
    if (!isSigned(request.headers, body)) return response.writeHead(401).end()
    const id = request.headers['webhook-id']
    if (!seen.has(id)) {
      handle(JSON.parse(body))
      seen.add(id)
    }
    response.writeHead(204).end()
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'))
