import { isDigit, type JsonCursor } from './json-cursor.ts'
import { NOT_BASE64, type Base64Rule } from './json-text.ts'
import type { ValuePlan } from './record-form.ts'

const QUOTE = 0x22
const LETTER_N = 0x6e

/** The place of a key or value in a body; `start` is −1 for null. */
export class ValueSpan {
  start = -1
  end = 0
  escaped = false
  /** Whether it is the content of a string, without its quotes. */
  isText = false
  base64: Base64Rule = NOT_BASE64
}

/** Finds any value. Leaves `span` alone at null. */
export function findValue(cursor: JsonCursor, span: ValueSpan, plan: ValuePlan): void {
  const byte = cursor.peek()
  const start = cursor.position
  if (byte === QUOTE) {
    const { quoteBytes } = plan
    span.escaped = cursor.skipString()
    span.isText = quoteBytes !== 0
    span.start = start + quoteBytes
    span.end = cursor.position - quoteBytes
  } else if (byte === LETTER_N) cursor.skipWord('null')
  else {
    if (isDigit(byte)) cursor.skipNumber()
    else cursor.skipValue(plan.depth)
    span.isText = false
    span.start = start
    span.end = cursor.position
  }
}
