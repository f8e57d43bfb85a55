import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { GatewayProcess } from '../../support/gateway-process.ts'
import { check, checkReader, type Findings } from './checker.ts'
import type { FaultCluster } from './cluster.ts'
import type { Entry } from './ledger.ts'
import { Reader } from './readers.ts'
import { Writers, type WritersOptions } from './writers.ts'

export interface TrialOptions extends Omit<WritersOptions, 'target' | 'topic'> {
  readonly cluster: FaultCluster
  readonly gateway: GatewayProcess
  readonly topic: string
  /** Partitions that are read while they are written. */
  readonly read?: readonly number[]
}

/** What was done to the topic meanwhile, as far as it changes what must be there. */
export interface Allowance {
  /** Rewrites what a client was told into what the promise is now; null: nothing is promised of the record any more. */
  readonly entry?: (entry: Entry) => Entry | null
  /** The first offset that is left of a partition. */
  readonly begins?: ReadonlyMap<number, number>
}

export interface Verdict extends Findings {
  readonly unknownRequests: number
  readonly answers: ReadonlyMap<number, number>
  readonly longestStallMs: number
}

/** Writers and readers at work on a topic, to be judged when whatever was done to the cluster is over. */
export class Trial {
  readonly writers: Writers
  readonly readers: readonly Reader[]
  readonly #options: TrialOptions

  constructor({ cluster, gateway, topic, read = [], ...rest }: TrialOptions) {
    this.#options = { cluster, gateway, topic, read, ...rest }
    this.writers = new Writers({ target: gateway, topic, ...rest })
    this.readers = read.map(partition => new Reader(gateway, topic, partition))
    cluster.closing.addEventListener('abort', () => {
      void this.writers.stop()
      for (const reader of this.readers) reader.stop()
    })
  }

  /**
   * Ends the writers, reads the topic in full with Apache's consumer once all replicas are in sync, and compares; prints the
   * figures and fails on the first broken promise. Of unknown fate may be one request a writer for each of `faults`.
   */
  async judge(t: TestContext, faults: number, { entry = same, begins }: Allowance = {}): Promise<Verdict> {
    const { cluster, gateway, topic } = this.#options
    const ledger = await this.writers.stop()
    await cluster.operator.untilInSync()
    const stored = await cluster.operator.dump(topic)
    const entries = ledger.entries.map(entry).filter(each => each !== null)
    const findings = check({ entries, surprises: ledger.surprises }, stored)
    const problems = [...findings.problems]
    for (const reader of this.readers) {
      const last = stored.findLast(({ partition }) => partition === reader.partition)
      await reader.readTo((last?.offset ?? -1) + 1)
      problems.push(
        ...reader.surprises,
        ...checkReader(
          reader.partition,
          reader.seen.filter(({ offset }) => offset >= (begins?.get(reader.partition) ?? 0)),
          stored
        )
      )
    }
    const answers = Array.from(ledger.answers, ([status, count]) => `${count} × ${status}`).join(', ')
    const stalls = [this.writers, ...this.readers].map(({ longestStallMs }) => Math.round(longestStallMs))
    t.diagnostic(
      [
        `${findings.acknowledged} records acknowledged, ${findings.found} found, ${findings.refused} refused`,
        `${findings.ambiguous} ambiguous in ${ledger.unknownRequests} requests (${findings.ambiguousFound} of them found)`,
        `answers: ${answers}`,
        `longest answer ${Math.round(ledger.longestMs)} ms`,
        `longest stall ${stalls[0]} ms writing${stalls.length > 1 ? `, ${Math.max(...stalls.slice(1))} ms reading` : ''}`,
        `peak RSS ${gateway.memoryMb().peak} MB`
      ].join('; ')
    )
    assert.deepEqual(problems, [])
    assert.ok(findings.acknowledged > 100, 'the writers got something done')
    assert.ok(
      ledger.unknownRequests <= faults * this.writers.count,
      `${ledger.unknownRequests} requests of unknown fate, with ${this.writers.count} writers and ${faults} faults`
    )
    return {
      ...findings,
      unknownRequests: ledger.unknownRequests,
      answers: ledger.answers,
      longestStallMs: this.writers.longestStallMs
    }
  }
}

const same = (entry: Entry): Entry => entry
