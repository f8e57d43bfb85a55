import { Agent, request as send } from 'node:https'

/** Where a gateway is and how it is entered. */
export interface Target {
  readonly url: string
  readonly token: string
  readonly ca: Buffer
}

export interface Answer {
  /** 0: the connection ended without an answer. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly json: any // oxlint-disable-line typescript/no-explicit-any -- judged by whoever asked
  readonly tookMs: number
}

/** Longer than the gateway may take for any answer. */
const CLIENT_TIMEOUT_MS = 20_000

/** One client with one connection, which it keeps. */
export class Client {
  readonly #target: Target
  readonly #agent: Agent

  constructor(target: Target) {
    this.#target = target
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca: target.ca })
  }

  /** Never rejects. */
  request(method: string, path: string, body?: string): Promise<Answer> {
    const startMs = performance.now()
    const { url, token } = this.#target
    return new Promise(resolve => {
      const end = (status: number, headers: Answer['headers'], text: string) => {
        const json: unknown = text === '' ? undefined : JSON.parse(text)
        resolve({ status, headers, json, tookMs: performance.now() - startMs })
      }
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      }
      const options = { method, headers, agent: this.#agent, family: 4, timeout: CLIENT_TIMEOUT_MS }
      const request = send(url + path, options, response => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.once('end', () => end(response.statusCode ?? 0, response.headers, text))
        response.once('error', () => end(0, {}, ''))
      })
      request.once('timeout', () => request.destroy())
      request.once('error', () => end(0, {}, ''))
      request.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
