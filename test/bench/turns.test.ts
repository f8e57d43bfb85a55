import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureInTurns, type Side } from '../../bench/support/turns.ts'

/** A side whose row notes when its contestants are measured. */
function sideOf(name: string, contestants: readonly string[], log: string[]): Side<string> {
  return {
    bench: name,
    row: {
      async *round(bench) {
        for (const contestant of contestants) {
          log.push(`${bench} ${contestant}`)
          yield { contestant, rate: 1 }
        }
      },
      async prepare(bench) {
        log.push(`${bench} prepares`)
      },
      close() {
        log.push(`${name} closes`)
      }
    }
  }
}

test('two builds take turns contestant by contestant, and each goes first equally often', async () => {
  const log: string[] = []
  const sides = [sideOf('this', ['a', 'b'], log), sideOf('other', ['a', 'b'], log)]
  const samples = await measureInTurns(sides, 2, () => undefined)
  assert.deepEqual(log.slice(0, 2), ['this prepares', 'other prepares'])
  assert.deepEqual(log.slice(2, 6), ['this a', 'other a', 'other b', 'this b'])
  assert.deepEqual(log.slice(6, 10), ['other a', 'this a', 'this b', 'other b'])
  assert.deepEqual(log.slice(10), ['this closes', 'other closes'])
  for (const side of samples)
    assert.deepEqual(
      side.map(({ contestant }) => contestant),
      ['a', 'b', 'a', 'b']
    )
})

test('builds that were measured at different contestants are not compared, and both rows are closed', async () => {
  const log: string[] = []
  const sides = [sideOf('this', ['a', 'b'], log), sideOf('other', ['a'], log)]
  await assert.rejects(
    measureInTurns(sides, 1, () => undefined),
    /were not measured at the same/
  )
  assert.deepEqual(log.slice(-2), ['this closes', 'other closes'])
})
