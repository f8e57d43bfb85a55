import { performance } from 'node:perf_hooks'
import type { CallerIdentity } from '../../core/kafka-identity.ts'
import type { Principal } from '../../core/principal.ts'
import type { Cluster } from '../../kafka/cluster.ts'
import type { Gateway } from '../gateway.ts'
import type { Consumers } from '../instances/consumers.ts'
import type { InstanceSettings } from '../instances/settings.ts'

/** What an identity does, made when it is first needed. */
export interface IdentityTools {
  readonly gateway: Gateway
  readonly consumers: () => Consumers
}

/** One identity in Kafka, with a cluster of its own: no answer that it gets reaches another. */
export class Identity {
  /** What Kafka is shown. */
  readonly caller: CallerIdentity
  readonly cluster: Cluster
  readonly gateway: Gateway
  readonly #makeConsumers: () => Consumers
  #consumers: Consumers | undefined
  #uses = 0
  #usedAtMs = performance.now()
  /** Kafka has refused it. */
  isRefused = false

  constructor(caller: CallerIdentity, cluster: Cluster, { gateway, consumers }: IdentityTools) {
    this.caller = caller
    this.cluster = cluster
    this.gateway = gateway
    this.#makeConsumers = consumers
  }

  get key(): string {
    return this.caller.key
  }

  get consumers(): Consumers {
    return (this.#consumers ??= this.#makeConsumers())
  }

  /** Consumer instances that it holds. */
  get instances(): number {
    return this.#consumers?.held ?? 0
  }

  /** See {@link Consumers.heldSettings}. */
  heldSettings(principal: Principal, group: string, name: string): InstanceSettings | undefined {
    return this.#consumers?.heldSettings(principal, group, name)
  }

  /** Polls of instances that wait. */
  get waits(): number {
    return this.#consumers?.waits ?? 0
  }

  /** Whether nothing is under way: no call, stream or batch, and no consumer instance. */
  get isIdle(): boolean {
    return this.#uses === 0 && this.instances === 0 && !this.cluster.accumulator.busy
  }

  /** Since when it is idle, on the monotonic clock, if it is. */
  get usedAtMs(): number {
    return this.#usedAtMs
  }

  /** Begins a use. Returns what ends it, to be called once. */
  use(): () => void {
    this.#uses++
    this.cluster.used()
    return () => {
      this.#uses--
      this.#usedAtMs = performance.now()
    }
  }

  /** Resolves when all that is under way has ended. */
  async close(): Promise<void> {
    if (this.isRefused) await Promise.all([this.cluster.end(), this.#consumers?.close()])
    else {
      await this.#consumers?.close()
      await this.cluster.close()
    }
  }
}
