import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { MergedQuestions, type MergedQuestionsOptions } from '../../../src/core/lib/merged-questions.ts'

const soon = () => Deadline.after(5000)
const turn = () => new Promise(resolve => setImmediate(resolve))

interface Request {
  readonly names: readonly string[]
  readonly deadline: Deadline
  readonly answer: (answers?: ReadonlyMap<string, string | Error>) => void
  readonly fail: (error: Error) => void
}

function ask(changes: Partial<MergedQuestionsOptions<string>> = {}) {
  const requests: Request[] = []
  const questions = new MergedQuestions<string>({
    ask: (names, deadline) =>
      new Promise((resolve, reject) => {
        const echo = new Map(names.map(name => [name, name.toUpperCase()]))
        requests.push({ names, deadline, answer: (answers = echo) => resolve(answers), fail: reject })
      }),
    overloaded: () => new Error('overloaded'),
    ...changes
  })
  return { questions, requests }
}

suite('MergedQuestions', () => {
  test('what is asked in one tick travels together, each name once, until the latest deadline', async () => {
    const { questions, requests } = ask()
    const deadlines = [Deadline.after(1000), Deadline.after(9000), Deadline.after(3000)]
    const answers = ['a', 'b', 'a'].map((name, index) => questions.ask(name, deadlines[index]))
    await turn()
    assert.deepEqual(
      requests.map(({ names }) => names),
      [['a', 'b']]
    )
    assert.equal(requests[0].deadline, deadlines[1])
    requests[0].answer()
    assert.deepEqual(await Promise.all(answers), ['A', 'B', 'A'])
  })

  test('nobody joins a request that has left: its answer may be older than the question', async () => {
    const { questions, requests } = ask()
    const first = questions.ask('a', soon())
    await turn()
    const second = questions.ask('a', soon())
    await turn()
    assert.equal(requests.length, 2)
    requests[1].answer(new Map([['a', 'new']]))
    requests[0].answer(new Map([['a', 'old']]))
    assert.deepEqual(await Promise.all([first, second]), ['old', 'new'])
  })

  test('four requests are under way at most; what comes meanwhile gathers for the next', async () => {
    const { questions, requests } = ask()
    const names = Array.from({ length: 12 }, (_, number) => `t${number}`)
    const answers: Promise<string>[] = []
    for (const name of names) {
      answers.push(questions.ask(name, soon()))
      await turn()
    }
    assert.deepEqual(
      requests.map(request => request.names),
      [['t0'], ['t1'], ['t2'], ['t3']]
    )
    requests[1].answer()
    while (requests.length < 5) await turn()
    assert.deepEqual(requests[4].names, names.slice(4))
    for (const request of requests) request.answer()
    assert.deepEqual(
      await Promise.all(answers),
      names.map(name => name.toUpperCase())
    )
  })

  test('a request carries a thousand names, and ten thousand may wait', async () => {
    const { questions, requests } = ask()
    const answers = Array.from({ length: 10_000 }, (_, number) => questions.ask(`t${number}`, soon()))
    await assert.rejects(questions.ask('one more', soon()), { message: 'overloaded' })
    for (let answered = 0; answered < 10; answered++) {
      while (requests.length <= answered) await turn()
      assert.equal(requests[answered].names.length, 1000)
      requests[answered].answer()
    }
    assert.equal((await Promise.all(answers)).at(-1), 'T9999')
  })

  test('between two questions about one name there is a pause, which holds no other name up', async () => {
    const { questions, requests } = ask({ gapMs: 120 })
    const first = questions.ask('a', soon())
    await turn()
    requests[0].answer()
    await first
    const startedMs = performance.now()
    const again = questions.ask('a', soon()).then(() => performance.now() - startedMs)
    const other = questions.ask('b', soon()).then(() => performance.now() - startedMs)
    while (requests.length < 2) await turn()
    requests[1].answer()
    assert.ok((await other) < 100)
    while (requests.length < 3) await turn()
    requests[2].answer()
    assert.ok((await again) >= 110)
  })

  test('a name that is refused, or left out, fails alone; a request that fails, fails for its names', async () => {
    const { questions, requests } = ask()
    const answers = ['a', 'b', 'c'].map(name => questions.ask(name, soon()).catch((error: unknown) => String(error)))
    await turn()
    requests[0].answer(
      new Map<string, string | Error>([
        ['a', 'A'],
        ['b', new Error('refused')]
      ])
    )
    assert.deepEqual(await Promise.all(answers), ['A', 'Error: refused', 'Error: c was left out of the answer'])
    const lost = questions.ask('d', soon())
    await turn()
    requests[1].fail(new Error('lost'))
    await assert.rejects(lost, { message: 'lost' })
  })
})
