import type { IncomingMessage } from 'node:http'
import { request as send } from 'node:https'

export interface StreamOptions {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly ca: Buffer
}

/** An answer that streams, as its client sees it. */
export class TestStream {
  readonly response: IncomingMessage
  text = ''
  ended = false
  #changed: () => void = () => undefined

  constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (piece: string) => {
      this.text += piece
      this.#changed()
    })
    for (const event of ['end', 'error', 'close']) response.on(event, () => this.#end())
  }

  #end(): void {
    this.ended = true
    this.#changed()
  }

  get status(): number {
    return this.response.statusCode ?? 0
  }

  /** Resolves once the text is as wanted. Rejects after ten seconds. */
  until(wanted: (stream: this) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`The stream has only: ${this.text.slice(-2000)}`)), 10_000)
      this.#changed = () => {
        if (!wanted(this)) return
        clearTimeout(late)
        resolve()
      }
      this.#changed()
    })
  }

  untilEnded(): Promise<void> {
    return this.until(({ ended }) => ended)
  }

  close(): void {
    this.response.destroy()
  }

  /** The lines of newline-delimited JSON that are complete. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server answered is compared whole
  get lines(): any[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
  }
}

export function openStream(url: string, { method, headers, ca }: StreamOptions): Promise<TestStream> {
  return new Promise((resolve, reject) => {
    const request = send(url, { method, headers, ca, agent: false, family: 4 }, response =>
      resolve(new TestStream(response))
    )
    request.on('error', reject)
    request.end()
  })
}

export interface ServerEvent {
  readonly type: string
  readonly data: string
  readonly id: string
}

/** What an EventSource makes of a text: written after WHATWG HTML, section 9.2.6, step by step. */
export function eventsIn(text: string): { readonly events: readonly ServerEvent[]; readonly lastId: string } {
  const events: ServerEvent[] = []
  let [data, type, id, lastId] = ['', '', '', '']
  const complete = text.split(/\r\n|\r|\n/).slice(0, -1)
  for (const line of complete) {
    if (line === '') {
      lastId = id
      if (data !== '') events.push({ type: type === '' ? 'message' : type, data: data.replace(/\n$/, ''), id })
      data = ''
      type = ''
      continue
    }
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') type = value
    else if (field === 'data') data += `${value}\n`
    else if (field === 'id' && !value.includes('\0')) id = value
  }
  return { events, lastId }
}
