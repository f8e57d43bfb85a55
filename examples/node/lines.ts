/**
 * Stores records as they come up, a line each, over one request, and sees each answer as it comes. The topic must exist.
 *
 *     … node examples/node/lines.ts TOPIC
 *
 * Takes the variables of sample.ts. Uses `node:https`: what `fetch` sends as a stream is answered only at its end.
 */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import { createInterface } from 'node:readline'

const {
  TOKEN_URL = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  SCOPE = '',
  KAFKA_REST_ENDPOINT = 'https://localhost:9400'
} = process.env

const form = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, grant_type: 'client_credentials', scope: SCOPE }
const granted = await fetch(TOKEN_URL, { method: 'POST', body: new URLSearchParams(form) })
if (!granted.ok) throw new Error(`No token: ${await granted.text()}`)
const { access_token: token } = (await granted.json()) as { access_token: string }

const options: RequestOptions = {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' }
}
const stream = request(`${KAFKA_REST_ENDPOINT}/v1/producer/topics/${process.argv[2]}`, options)
stream.flushHeaders()
const [answer] = (await once(stream, 'response')) as [IncomingMessage]
const answers = createInterface(answer)[Symbol.asyncIterator]()
for (let number = 0; number < 3; number++) {
  stream.write(`${JSON.stringify({ key: 'k', value: { number } })}\n`)
  console.log((await answers.next()).value)
}
stream.end()
