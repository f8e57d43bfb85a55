import { request as send } from 'node:http'

export interface PlainAnswer {
  /** 0: the connection ended without a whole answer. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly json: any // oxlint-disable-line typescript/no-explicit-any -- judged by whoever asked
  /** Of the client's end of the connection. */
  readonly port: number | undefined
  readonly askedMs: number
  readonly answeredMs: number
}

const TIMEOUT_MS = 60_000

/** Makes one call on a connection of its own. Never rejects. */
export function call(method: string, url: string, body?: object): Promise<PlainAnswer> {
  const askedMs = performance.now()
  const text = body === undefined ? '' : JSON.stringify(body)
  const headers = { 'content-type': 'application/vnd.kafka.v2+json', 'content-length': Buffer.byteLength(text) }
  return new Promise(resolve => {
    let port: number | undefined
    const end = (status: number, answered: PlainAnswer['headers'], json: unknown) =>
      resolve({ status, headers: answered, json, port, askedMs, answeredMs: performance.now() })
    const request = send(
      url,
      { method, agent: false, timeout: TIMEOUT_MS, ...(text === '' ? {} : { headers }) },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => {
          const whole = Buffer.concat(chunks).toString()
          end(response.statusCode ?? 0, response.headers, whole === '' ? undefined : JSON.parse(whole))
        })
        response.once('error', () => end(0, {}, undefined))
      }
    )
    request.once('socket', socket => socket.once('connect', () => (port = socket.localPort)))
    request.once('timeout', () => request.destroy())
    request.once('error', () => end(0, {}, undefined))
    request.end(text)
  })
}
