import { decodeSubscription } from '../../kafka/groups/consumer-protocol.ts'
import type { MemberSubscription } from '../../kafka/groups/membership.ts'
import { decodeSettings, encodeSettings, type InstanceSettings } from './settings.ts'

/** An instance as its group knows it. */
export interface KnownInstance {
  readonly topics: readonly string[]
  readonly settings: InstanceSettings
}

/** What an instance subscribes to. The user data is not kept: it would take more than the rest of an idle instance. */
export class InstanceSubscription implements MemberSubscription {
  readonly #known: KnownInstance

  constructor(known: KnownInstance) {
    this.#known = known
  }

  get topics(): readonly string[] {
    return this.#known.topics
  }

  get userData(): Buffer {
    return encodeSettings(this.#known.settings)
  }
}

/** Returns null for the metadata of a member that is no instance of a gateway. `last`, if that is what it still says, is returned itself. */
export function instanceOf(metadata: Buffer, last?: KnownInstance): KnownInstance | null {
  const subscription = decodeSubscription(metadata)
  const userData = subscription?.userData ?? null
  if (subscription === null || userData === null) return null
  const { topics } = subscription
  if (last !== undefined && isSame(topics, last.topics) && userData.equals(encodeSettings(last.settings))) return last
  const settings = decodeSettings(userData)
  return settings === null ? null : { topics, settings }
}

function isSame(topics: readonly string[], others: readonly string[]): boolean {
  return topics.length === others.length && topics.every((topic, at) => topic === others[at])
}
