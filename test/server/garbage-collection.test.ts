import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MODULE = new URL('../../src/server/garbage-collection.ts', import.meta.url).href
/** Fills arrays that stay alive for a while, from one place in the code. */
const SURVIVING = `
  const kept = []
  const make = first => {
    const made = [first]
    made.push(first)
    return made
  }
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 100_000; i++) kept.push(make(i))
    if (kept.length > 500_000) kept.length = 0
  }
`
const SUITED = `
  import { tuneGarbageCollection } from '${MODULE}'
  tuneGarbageCollection()
`
/** Prints the megabytes of the young generation under load, after the shrinking that idleness brings, and under load again. */
const PROGRAM = `
  import { setImmediate } from 'node:timers/promises'
  import { getHeapSpaceStatistics } from 'node:v8'
  import { tuneGarbageCollection } from '${MODULE}'
  tuneGarbageCollection()
  const youngMb = () => getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size / 2 ** 20
  // With next to nothing in use the whole heap would be collected before the young generation is full.
  const kept = []
  while (kept.length < 100) {
    kept.push(new Array(2 ** 17).fill(1))
    await setImmediate()
  }
  // Survivors that fill the young generation bring a second collection before the first is observed, and one growth more.
  const alive = []
  async function load() {
    for (let turn = 0; turn < 4000; turn++) {
      for (let i = 0; i < 50; i++) alive[(turn * 50 + i) % 8000] = new Array(100).fill(1)
      await setImmediate()
    }
    return youngMb()
  }
  const first = await load()
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  await setImmediate()
  const idle = youngMb()
  const second = await load()
  console.log(JSON.stringify({ first, idle, second, kept: kept.length }))
`

test('the young generation stays within its limit, and comes back to it after it shrank', async () => {
  const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '--eval', PROGRAM])
  const { first, idle, second } = JSON.parse(stdout) as Record<string, number>
  assert.equal(Math.round(first), 32)
  assert.ok(idle <= 8, `${idle} MB when idle`)
  assert.equal(Math.round(second), 32)
})

test('no place in the code is considered for making its objects old at once, as V8 would by itself', async () => {
  const considered = async (program: string) => {
    const options = ['--trace-pretenuring-statistics', '--input-type=module', '--eval', program]
    const { stdout } = await run(process.execPath, options)
    return stdout.match(/AllocationSite\(.*=> (?:maybe )?tenure$/gm)?.length ?? 0
  }
  assert.ok((await considered(SURVIVING)) > 0, 'V8 considers it, by itself')
  assert.equal(await considered(SUITED + SURVIVING), 0)
})
