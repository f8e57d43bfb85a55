import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { type Answered, AnswerReader, type Awaited } from '../../../src/kafka/transport/answer-reader.ts'

/** An answer as a broker writes it: size, correlation id, tagged fields of the header, body. */
function frame(correlationId: number, tags: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + tags.length + body.length)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, tags, body])
}

const awaited = (correlationId: number, tagged = false): Awaited => ({
  correlationId,
  tagged,
  allocate: bytes => Buffer.alloc(bytes + 7)
})
const NO_TAGS = Buffer.from([0])
/** Two tagged fields, of three bytes and of none. */
const TWO_TAGS = Buffer.from([2, 0, 3, 1, 2, 3, 1, 0])

/** Every chunk lies in memory that is overwritten afterwards, as that of a connection is. */
function takeAll(reader: AnswerReader<Awaited>, bytes: Buffer, cuts: readonly number[]): Answered<Awaited>[] {
  const whole: Answered<Awaited>[] = []
  const ends = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let start = 0
  for (const end of [...ends, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(start, end))
    reader.take(chunk, whole)
    chunk.fill(0xee)
    start = end
  }
  return whole
}

const anAnswer = fc.record({ body: fc.uint8Array({ maxLength: 40 }), tags: fc.constantFrom(null, NO_TAGS, TWO_TAGS) })

suite('AnswerReader', () => {
  test('finds the same answers wherever what the broker sends is cut', () => {
    fc.assert(
      fc.property(fc.array(anAnswer, { maxLength: 8 }), fc.array(fc.nat(400)), (answers, cuts) => {
        const waiting = answers.map(({ tags }, index) => awaited(index, tags !== null))
        const asked = [...waiting]
        const bytes = Buffer.concat(
          answers.map(({ body, tags }, index) => frame(index, tags ?? Buffer.alloc(0), Buffer.from(body)))
        )
        const whole = takeAll(new AnswerReader(waiting), bytes, cuts)
        assert.deepEqual(
          whole.map(([request, answer]) => [request, answer.toString('hex')]),
          asked.map((request, index) => [request, Buffer.from(answers[index].body).toString('hex')])
        )
        assert.deepEqual(waiting, [])
      })
    )
  })

  test('what came whole before something unreadable is still handed over', () => {
    const waiting = [awaited(1), awaited(2)]
    const whole: Answered<Awaited>[] = []
    const bytes = Buffer.concat([frame(1, Buffer.alloc(0), Buffer.from('one')), frame(3, Buffer.alloc(0), NO_TAGS)])
    assert.throws(
      () => new AnswerReader(waiting).take(bytes, whole),
      /answered request 3, which was not the next one due/
    )
    assert.deepEqual(
      whole.map(([{ correlationId }, answer]) => [correlationId, answer.toString()]),
      [[1, 'one']]
    )
    assert.deepEqual(
      waiting.map(({ correlationId }) => correlationId),
      [2]
    )
  })

  for (const [what, bytes] of [
    ['an alert of TLS', Buffer.from([0x15, 3, 3, 0, 2, 2, 40, 0, 0])],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
    ['a size below that of the correlation id', Buffer.from([0, 0, 0, 3, 0, 0, 0, 1])],
    ['a negative size', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1])]
  ] as const) {
    test(`${what} is no answer, and takes no memory`, () => {
      const allocate = () => assert.fail('memory was taken')
      const reader = new AnswerReader([{ correlationId: 1, tagged: false, allocate }])
      assert.throws(() => reader.take(bytes, []), /does not answer in Kafka's protocol/)
    })
  }

  test('an answer that nobody waits for is refused', () => {
    assert.throws(
      () => new AnswerReader([]).take(frame(7, Buffer.alloc(0), NO_TAGS), []),
      /answered request 7, which was not the next one due/
    )
  })

  test('tagged fields that reach beyond the answer are refused', () => {
    const reader = new AnswerReader([awaited(1, true)])
    assert.throws(() => reader.take(frame(1, Buffer.from([1, 0, 9]), Buffer.alloc(2)), []), RangeError)
  })
})
