import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nestedBody, outcomeOf, plainBody, readV1, scanOf } from './bodies.ts'
import { consumeFunctions } from './consume-functions.ts'
import { hostileHeads, normalHeads, outcomeOfHead, readingOf } from './hostile-heads.ts'
import { hostileBodies } from './hostile.ts'
import { judge, type HostileResult } from './judge.ts'
import { measureInTurns, type Effort } from './measure.ts'
import { functionsTable, hostileTable, pageOf, type FunctionResult } from './page.ts'
import { produceFunctions } from './produce-functions.ts'
import { requestFunctions } from './request-functions.ts'

/**
 * `npm run bench:micro -- [--quick] [--only hostile|functions]`: what the functions of the hot paths take, beside the obvious
 * way to do the same, and what hostile bodies and heads cost. Without Kafka, in one process. Exit status 1 where one of them costs
 * more than the limit by the byte. Only a whole run writes `docs/benchmark-micro.md`.
 */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } })
const effort: Effort = values.quick ? { turns: 3, turnMs: 20, warmUpMs: 60 } : { turns: 9, turnMs: 60, warmUpMs: 250 }

const functions = values.only === 'hostile' ? [] : await measureFunctions()
const bodies = values.only === 'functions' ? [] : measureBodies()
const heads = values.only === 'functions' ? [] : measureHeads()
console.log([functionsTable(functions), hostileTable('body', bodies), hostileTable('head', heads)].join('\n\n'))
if (!values.quick && values.only === undefined)
  writeFileSync(new URL('../../docs/benchmark-micro.md', import.meta.url), pageOf(functions, bodies, heads, effort))
const dear = [...bodies, ...heads].filter(({ allowed }) => !allowed)
for (const { name } of dear) console.error(`Dearer by the byte than allowed: ${name}`)
if (dear.length > 0) process.exitCode = 1

async function measureFunctions(): Promise<FunctionResult[]> {
  const all = [...produceFunctions(), ...consumeFunctions(), ...(await requestFunctions())]
  return all.map(hot => {
    const [own, twin] = measureInTurns(hot.twin === undefined ? [hot] : [hot, hot.twin], effort)
    return { hot, own, twin }
  })
}

function measureBodies(): HostileResult[] {
  const normal = [
    { name: 'normal: 1000 × 100 B', body: plainBody(), read: readV1 },
    { name: 'normal: 1000 × 1 KB nested', body: nestedBody(), read: readV1 }
  ]
  const all = [...normal, ...hostileBodies()]
  const timings = measureInTurns(
    all.map(({ name, body, read }) => scanOf(name, body, read)),
    effort
  )
  return judge(
    all.map(({ name, body, read }, at) => ({
      name,
      bytes: body,
      outcome: outcomeOf(Buffer.from(body), read),
      timing: timings[at]
    }))
  )
}

function measureHeads(): HostileResult[] {
  const all = [...normalHeads(), ...hostileHeads()]
  const timings = measureInTurns(all.map(readingOf), effort)
  return judge(all.map((head, at) => Object.assign({ outcome: outcomeOfHead(head), timing: timings[at] }, head)))
}
