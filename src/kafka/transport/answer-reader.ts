import { WireReader } from '../wire/wire-reader.ts'

/** A request in flight, as far as reading its answer is concerned. */
export interface Awaited {
  readonly correlationId: number
  /** The header of the answer ends with tagged fields (KIP-482). */
  readonly tagged: boolean
  /** Returns memory of at least so many bytes for the answer. */
  allocate(bytes: number): Buffer
}

/** A request and its complete answer, without the header. */
export type Answered<Request> = readonly [request: Request, answer: Buffer]

/** Size and correlation id. */
const HEAD_BYTES = 8
/** The size counts the correlation id too. */
const CORRELATION_ID_BYTES = 4
/** Larger than any answer. The first bytes of TLS or HTTP, read as a size, exceed it. */
const LIMIT_BYTES = 256 * 1024 * 1024

/**
 * Splits the byte stream of a broker into answers, each in one buffer. A broker answers the requests of a connection in order.
 * @see https://kafka.apache.org/protocol#protocol_common
 */
export class AnswerReader<Request extends Awaited> {
  /** The requests in flight, oldest first. A request is removed when its answer is complete. */
  readonly #waiting: Request[]
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headBytes = 0
  #answer: Buffer | null = null
  #filled = 0

  constructor(waiting: Request[]) {
    this.#waiting = waiting
  }

  /**
   * Copies what it needs, so the memory of `chunk` may be used again at once. Appends each answer that is now complete.
   * Throws if the bytes cannot be answers of a broker.
   */
  take(chunk: Buffer, complete: Answered<Request>[]): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#answer === null) at += this.#takeHead(chunk, at)
      else at += this.#takeBody(this.#answer, chunk, at)
      if (this.#answer !== null && this.#filled === this.#answer.length) complete.push(this.#finish(this.#answer))
    }
  }

  #takeHead(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#head, this.#headBytes, at, at + HEAD_BYTES - this.#headBytes)
    this.#headBytes += taken
    if (this.#headBytes < HEAD_BYTES) return taken
    const bytes = this.#head.readInt32BE(0) - CORRELATION_ID_BYTES
    const correlationId = this.#head.readInt32BE(4)
    if (bytes < 0 || bytes > LIMIT_BYTES)
      throw new Error("it does not answer in Kafka's protocol. Check the port, and kafka.tls")
    if (this.#waiting.length === 0 || this.#waiting[0].correlationId !== correlationId)
      throw new Error(`it answered request ${correlationId}, which was not the next one due`)
    this.#answer = this.#waiting[0].allocate(bytes).subarray(0, bytes)
    this.#filled = 0
    return taken
  }

  #takeBody(answer: Buffer, chunk: Buffer, at: number): number {
    const taken = chunk.copy(answer, this.#filled, at)
    this.#filled += taken
    return taken
  }

  #finish(answer: Buffer): Answered<Request> {
    const request = this.#waiting[0]
    this.#waiting.shift()
    this.#answer = null
    this.#headBytes = 0
    const header = new WireReader(answer, request.tagged)
    header.skipTags()
    return [request, answer.subarray(header.position)]
  }
}
