import { BodyBuffer } from '../../../http/body-buffer.ts'
import type { Lines } from '../records/line-reader.ts'

/** Lines that were taken out of a {@link LineBuffer}; they are in memory that is lent until `release` is called. */
export interface TakenLines extends Lines {
  readonly release: () => void
}

const LINE_FEED = 0x0a
const END_OF_LINE = Buffer.of(LINE_FEED)

/** Gathers pieces of a text, and gives out whole lines. A line that grows too long is not kept. */
export class LineBuffer {
  readonly #limitBytes: number
  #buffer = new BodyBuffer(-1)
  #length = 0
  #wholeBytes = 0
  #tooLong: number[] = []
  /** The unfinished line is too long, and what comes of it is dropped. */
  #isDropping = false

  /** @param limitBytes of a line */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Bytes of the lines that are whole. */
  get wholeBytes(): number {
    return this.#wholeBytes
  }

  /** Bytes in memory. */
  get length(): number {
    return this.#length
  }

  get endsInLine(): boolean {
    return this.#isDropping || this.#length > this.#wholeBytes
  }

  append(piece: Buffer): void {
    let rest = piece
    if (this.#isDropping) {
      const end = piece.indexOf(LINE_FEED)
      if (end < 0) return
      this.#isDropping = false
      rest = piece.subarray(end)
    }
    this.#keep(rest)
    const last = rest.lastIndexOf(LINE_FEED)
    if (last >= 0) this.#wholeBytes = this.#length - rest.length + last + 1
    if (this.#length - this.#wholeBytes > this.#limitBytes) this.#drop()
  }

  /** Ends the last line, if it has not ended. */
  end(): void {
    if (this.endsInLine) this.append(END_OF_LINE)
  }

  /** Takes the whole lines out. */
  take(): TakenLines {
    const taken = this.#buffer
    const all = taken.take()
    const whole = this.#wholeBytes
    // The place of a line that is still being dropped stays here.
    const tooLong = this.#tooLong.filter(at => at < whole)
    this.#clear()
    if (this.#isDropping) this.#tooLong.push(0)
    this.#keep(all.subarray(whole))
    return { bytes: all.subarray(0, whole), tooLong, release: () => taken.release() }
  }

  /** Puts lines back in front. Their line feeds are still there. */
  putBack({ bytes, tooLong }: Lines, from: number): void {
    const later = this.#buffer
    const rest = later.take()
    const whole = this.#wholeBytes
    const laterTooLong = this.#tooLong
    this.#clear()
    this.#keep(bytes.subarray(from))
    const added = this.#length
    this.#keep(rest)
    later.release()
    this.#wholeBytes = added + whole
    this.#tooLong = [...tooLong.filter(at => at >= from).map(at => at - from), ...laterTooLong.map(at => at + added)]
  }

  /** Gives the memory back. */
  release(): void {
    this.#buffer.release()
    this.#clear()
  }

  #clear(): void {
    this.#buffer = new BodyBuffer(-1)
    this.#length = 0
    this.#wholeBytes = 0
    this.#tooLong = []
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#buffer.append(bytes)
    this.#length += bytes.length
  }

  /** Leaves an empty line in place of the unfinished one. */
  #drop(): void {
    this.#isDropping = true
    this.#tooLong.push(this.#wholeBytes)
    const kept = this.#buffer
    const whole = kept.take().subarray(0, this.#wholeBytes)
    this.#buffer = new BodyBuffer(-1)
    this.#length = 0
    this.#keep(whole)
    kept.release()
  }
}
