import { connect, type Socket } from 'node:net'
import { ChunkedBody } from './chunked-body.ts'
import type { Work } from './jobs.ts'
import type { Endpoint } from './raw-client.ts'
import type { Step } from './steps.ts'

type Lines = Extract<Work, { kind: 'produce-lines' }>

/** Chunks that a connection has under way. */
const DEPTH = 2
const LINE_FEED = 0x0a
const FAILED = Buffer.from('"code"')

export interface LineSteps {
  readonly step: Step
  /** Ends the streams. */
  readonly end: () => Promise<void>
}

/** One stream of lines a connection. A step sends a chunk of them, and waits until those of the chunk before are answered. */
export function lineSteps(work: Lines, token: string, endpoint: Endpoint, connections: number): LineSteps {
  const streams = Array.from({ length: connections }, () => new LineStream(work, token, endpoint))
  const bytes = Buffer.byteLength(work.lines)
  return {
    step: async (_client, connection) => {
      await streams[connection].send()
      return { records: work.records, bytes }
    },
    end: async () => {
      for (const stream of streams) await stream.end()
    }
  }
}

class LineStream {
  readonly #work: Lines
  readonly #chunk: Buffer
  readonly #socket: Socket
  readonly #body = new ChunkedBody()
  #hasHead = false
  #sent = 0
  #answered = 0
  #wanted = 0
  #failure: Error | undefined
  #wake: () => void = () => undefined

  constructor(work: Lines, token: string, { host, port }: Endpoint) {
    this.#work = work
    const size = Buffer.byteLength(work.lines).toString(16)
    this.#chunk = Buffer.from(`${size}\r\n${work.lines}\r\n`)
    this.#socket = connect({ host, port })
    this.#socket.setNoDelay(true)
    this.#socket.on('data', piece => this.#take(piece))
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed the connection.')))
    const fields = ['host: localhost', 'content-type: application/x-ndjson', 'transfer-encoding: chunked']
    if (token !== '') fields.push(`authorization: Bearer ${token}`)
    this.#socket.write(`POST ${work.path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
  }

  async send(): Promise<void> {
    this.#socket.write(this.#chunk)
    this.#sent += this.#work.records
    await this.#until(this.#sent - (DEPTH - 1) * this.#work.records)
  }

  async end(): Promise<void> {
    this.#socket.write('0\r\n\r\n')
    await this.#until(this.#sent)
    this.#socket.removeAllListeners('close').destroy()
  }

  async #until(answers: number): Promise<void> {
    this.#wanted = answers
    if (this.#answered < answers && this.#failure === undefined)
      await new Promise<void>(resolve => (this.#wake = resolve))
    if (this.#failure !== undefined) throw this.#failure
  }

  #take(piece: Buffer): void {
    if (this.#hasHead) return this.#count(piece)
    const end = piece.indexOf('\r\n\r\n')
    if (end < 0 || !piece.toString('latin1').startsWith('HTTP/1.1 200 '))
      return this.#fail(new Error(`The answer was ${piece.toString('latin1', 0, 300)}.`))
    this.#hasHead = true
    this.#count(piece.subarray(end + 4))
  }

  #count(piece: Buffer): void {
    for (const data of this.#body.take(piece)) {
      if (data.includes(FAILED)) this.#fail(new Error(`A record failed: ${data.toString().slice(0, 300)}`))
      for (const byte of data) if (byte === LINE_FEED) this.#answered++
    }
    if (this.#answered >= this.#wanted) this.#wake()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }
}
