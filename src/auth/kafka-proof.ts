import type { KafkaConfig } from '../config/schema.ts'
import type { CallerIdentity, SaslCredentials } from '../core/kafka-identity.ts'

/** Has Kafka judge what is to be shown to it. */
export interface KafkaProof {
  /** Whether Kafka has accepted it a moment ago. */
  believes(key: string): boolean
  /**
   * Resolves once Kafka has accepted it. Rejects with INVALID_CREDENTIALS if Kafka does not, which is remembered, with
   * OVERLOADED if too many wait, and with KAFKA_UNAVAILABLE if no broker says anything.
   */
  prove(identity: CallerIdentity): Promise<void>
}

/** How callers are shown to Kafka, with `kafka.identity: caller`. */
export interface KafkaCallers {
  readonly proof: KafkaProof
  /** How long Kafka's word is believed. */
  readonly believeMs: number
  /** How user names and passwords are shown; undefined if Kafka does not judge them. */
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | undefined
  /** Tokens for one of these audiences are shown; none if empty. */
  readonly tokenAudience: readonly string[]
  /** What Kafka is shown for others, by name, and who they are. */
  readonly credentials: ReadonlyMap<string, SaslCredentials>
  readonly identityMap: KafkaConfig['identityMap']
}
