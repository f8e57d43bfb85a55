import assert from 'node:assert/strict'
import type { TestGateway, TestResponse } from '../../../support/gateway.ts'

export const KAFKA_TYPE = 'application/vnd.kafka.v2+json'
export const typeOf = (format: string): string => `application/vnd.kafka.${format}.v2+json`

export type Look = (answer: TestResponse) => void

/** One request of a peer's client, and what its document says of the answer. */
export interface Row {
  /** Method and path. */
  readonly ask: string
  /** Text is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  /** The whole body; of a 204 there is none. */
  readonly json?: unknown
  /** The whole body, byte for byte. */
  readonly text?: string
  /** Of an error: its `error_code`. */
  readonly code?: number
  /** Of an error: what its text names. */
  readonly names?: RegExp
  /** Of the answer. */
  readonly type?: string
  /** Looks at what cannot be written down before. */
  readonly look?: Look
}

/** Asks for each row in turn. Throws an AssertionError that says which one differs. */
export async function follow(gateway: TestGateway, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const [method, path] = row.ask.split(' ')
    const answer = await gateway.request(method, path, requestOf(row))
    const what = `${row.ask} ${JSON.stringify(row.body)}: ${answer.status} ${answer.text}`
    assert.equal(answer.status, row.status, what)
    if (row.status === 204) assert.equal(answer.text, '', what)
    if ('json' in row) assert.deepEqual(answer.json, row.json, what)
    if (row.text !== undefined) assert.equal(answer.text, row.text, what)
    if (row.code !== undefined) assert.equal(answer.json.error_code, row.code, what)
    if (row.names !== undefined) assert.match(answer.json.message, row.names, what)
    if (row.type !== undefined) assert.equal(answer.headers['content-type'], row.type, what)
    row.look?.(answer)
  }
}

function requestOf({ body, headers = {} }: Row) {
  if (body === undefined) return { headers }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  // A client of Node sends no length with GET and DELETE by itself.
  const framing = { 'content-type': KAFKA_TYPE, 'content-length': String(Buffer.byteLength(text)) }
  return { body: text, headers: { ...framing, ...headers } }
}
