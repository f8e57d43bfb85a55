import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { SharedAnswers } from '../../../src/core/lib/shared-answers.ts'

suite('Callers with one question', () => {
  test('share answers, none of them begun before its question, in any order of questions and answers', async () => {
    const steps = fc.array(fc.constantFrom('ask', 'answer', 'fail'), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(steps, async script => {
        const shared = new SharedAnswers<number>()
        let clock = 0
        let begun = 0
        const open: { resolve(begunAt: number): void; reject(error: Error): void; begunAt: number }[] = []
        const ask = () => {
          begun++
          const { promise, resolve, reject } = Promise.withResolvers<number>()
          open.push({ resolve, reject, begunAt: ++clock })
          return promise
        }
        const outcomes: Promise<void>[] = []
        const finish = async (how: 'answer' | 'fail') => {
          const first = open.shift()
          if (how === 'answer') first?.resolve(first.begunAt)
          else first?.reject(new Error(String(first.begunAt)))
          await new Promise(resolve => setImmediate(resolve))
        }
        for (const step of script) {
          if (step !== 'ask') {
            await finish(step)
            continue
          }
          const askedAt = ++clock
          const checked = (begunAt: number) => assert.ok(begunAt > askedAt, `begun at ${begunAt}, asked at ${askedAt}`)
          outcomes.push(shared.of('group', ask).then(checked, (error: Error) => checked(Number(error.message))))
          assert.ok(open.length <= 1, 'one at a time')
        }
        while (open.length > 0) await finish('answer')
        await Promise.all(outcomes)
        assert.ok(begun <= outcomes.length)
      })
    )
  })

  test('about another name wait for nobody', async () => {
    const shared = new SharedAnswers<number>()
    void shared.of('slow', () => new Promise(() => undefined))
    assert.equal(await shared.of('quick', () => Promise.resolve(7)), 7)
  })

  test('ask many at once with two requests', async () => {
    const shared = new SharedAnswers<number>()
    let requests = 0
    const ask = async () => {
      requests++
      await new Promise(resolve => setImmediate(resolve))
      return requests
    }
    assert.deepEqual(await Promise.all(Array.from({ length: 50 }, () => shared.of('group', ask))), [
      1,
      ...Array<number>(49).fill(2)
    ])
    assert.equal(await shared.of('group', ask), 3)
  })
})
