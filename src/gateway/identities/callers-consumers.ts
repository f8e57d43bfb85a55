import type { Call, Principal } from '../../core/principal.ts'
import type { KafkaHealth } from '../../kafka/presence.ts'
import type { Consumers, ConsumerUseCases } from '../instances/consumers.ts'
import type { InstanceSettings } from '../instances/settings.ts'
import { asCaller, begun } from './callers-gateway.ts'
import type { Identities } from './identities.ts'

/**
 * The use cases of consumer instances as each caller's own identity. An instance belongs to its principal, not to the identity
 * that made it: under another one it is taken over, as from another gateway.
 */
export class CallersConsumers implements ConsumerUseCases {
  readonly #identities: Identities
  readonly #health: Pick<KafkaHealth, 'outage'>

  constructor(identities: Identities, health: Pick<KafkaHealth, 'outage'>) {
    this.#identities = identities
    this.#health = health
  }

  get held(): number {
    return this.#identities.spread(({ instances }) => instances).sum
  }

  get waits(): number {
    return this.#identities.spread(({ waits }) => waits).sum
  }

  heldSettings(principal: Principal, group: string, name: string): InstanceSettings | undefined {
    return this.#identities.known(principal)?.heldSettings(principal, group, name)
  }

  readonly create: Consumers['create'] = (call, ...rest) => this.#as(call, it => it.create(call, ...rest))
  readonly delete: Consumers['delete'] = (call, ...rest) => this.#as(call, it => it.delete(call, ...rest))
  readonly settings: Consumers['settings'] = (call, ...rest) => this.#as(call, it => it.settings(call, ...rest))
  readonly subscribe: Consumers['subscribe'] = (call, ...rest) => this.#as(call, it => it.subscribe(call, ...rest))
  readonly unsubscribe: Consumers['unsubscribe'] = (call, ...rest) =>
    this.#as(call, it => it.unsubscribe(call, ...rest))
  readonly assign: Consumers['assign'] = (call, ...rest) => this.#as(call, it => it.assign(call, ...rest))
  readonly subscription: Consumers['subscription'] = (call, ...rest) =>
    this.#as(call, it => it.subscription(call, ...rest))
  readonly assignments: Consumers['assignments'] = (call, ...rest) =>
    this.#as(call, it => it.assignments(call, ...rest))
  readonly commit: Consumers['commit'] = (call, ...rest) => this.#as(call, it => it.commit(call, ...rest))
  readonly committed: Consumers['committed'] = (call, ...rest) => this.#as(call, it => it.committed(call, ...rest))
  readonly seek: Consumers['seek'] = (call, ...rest) => this.#as(call, it => it.seek(call, ...rest))
  readonly poll: Consumers['poll'] = (call, ...rest) => this.#as(call, it => it.poll(call, ...rest))

  /** Does nothing: instances end with their identities. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  async #as<T>(call: Call, work: (consumers: Consumers) => Promise<T>): Promise<T> {
    return asCaller(begun(this.#identities, this.#health, call), ({ consumers }) => work(consumers))
  }
}
