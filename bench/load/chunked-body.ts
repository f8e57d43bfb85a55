const LINE_FEED = 0x0a

/** Takes the framing off a chunked body, however it is cut into pieces. */
export class ChunkedBody {
  #line = ''
  #missing = 0
  #last = false
  #done = false

  get done(): boolean {
    return this.#done
  }

  /** What of the piece is data. */
  take(piece: Buffer): Buffer[] {
    const data: Buffer[] = []
    for (let at = 0; at < piece.length && !this.#done;) {
      if (this.#missing > 0) {
        const slice = piece.subarray(at, at + this.#missing)
        data.push(slice)
        at += slice.length
        this.#missing -= slice.length
        continue
      }
      const end = piece.indexOf(LINE_FEED, at)
      this.#line += piece.toString('latin1', at, end < 0 ? piece.length : end)
      if (end < 0) break
      at = end + 1
      this.#endOfLine(this.#line.trimEnd())
      this.#line = ''
    }
    return data
  }

  /** An empty line ends a chunk, or, after the chunk of no bytes and its trailers, the body. */
  #endOfLine(line: string): void {
    if (line === '') this.#done = this.#last
    else if (!this.#last) {
      this.#missing = Number.parseInt(line, 16)
      this.#last = this.#missing === 0
    }
  }
}
