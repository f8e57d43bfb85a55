import { HEADER_STRIDE, headersStart, type HeaderTable, type RecordTable } from '../../../core/record-table.ts'

/**
 * Returns the same records, each with these headers besides its own, unless it has one of that name already. Copies the
 * bytes, with the headers once behind them.
 */
export function withHeaders(table: RecordTable, added: readonly (readonly [string, string])[]): RecordTable {
  const texts = added.map(([name, value]) => ({ name: Buffer.from(name), value: Buffer.from(value) }))
  const bytes = Buffer.concat([table.bytes, ...texts.flatMap(({ name, value }) => [name, value])])
  let end = table.bytes.length
  const spans = texts.map(({ name, value }) => {
    const span = [end, name.length, end + name.length, value.length]
    end += name.length + value.length
    return span
  })
  return {
    ...table,
    bytes,
    headers: joined(
      table,
      texts.map(({ name }) => name),
      spans
    )
  }
}

function joined(
  { bytes, count, headers }: RecordTable,
  names: readonly Buffer[],
  added: readonly number[][]
): HeaderTable {
  const own = headers?.spans ?? new Int32Array(0)
  const ends = new Int32Array(count)
  const spans = new Int32Array(own.length + count * added.length * HEADER_STRIDE)
  let position = 0
  for (let record = 0; record < count; record++) {
    const from = headers === undefined ? 0 : headersStart(headers, record)
    const to = headers === undefined ? 0 : headers.ends[record]
    spans.set(own.subarray(from, to), position)
    position += to - from
    for (const [at, span] of added.entries()) {
      if (has(bytes, own, from, to, names[at])) continue
      spans.set(span, position)
      position += HEADER_STRIDE
    }
    ends[record] = position
  }
  return { spans: spans.subarray(0, position), ends }
}

function has(bytes: Buffer, spans: Int32Array, from: number, to: number, name: Buffer): boolean {
  for (let at = from; at < to; at += HEADER_STRIDE) {
    if (spans[at + 1] === name.length && bytes.compare(name, 0, name.length, spans[at], spans[at] + name.length) === 0)
      return true
  }
  return false
}
