/** How a connection proves to Kafka whose it is, by SASL. Secrets are read at each authentication, so they may change. */
export interface SaslCredentials {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  /** PLAIN and SCRAM. */
  readonly username?: string
  readonly password?: string
  /** OAUTHBEARER. Resolves to undefined if there is none that is still valid. */
  readonly token?: () => Promise<string | undefined>
}

/** PEM of a client certificate and its private key, for mutual TLS. */
export interface ClientCertificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * As whom connections are made to Kafka. Kafka's ACLs judge it, so whatever Kafka answers to one identity must not be shown
 * to another. What brokers the gateway trusts is no part of it: that belongs to the cluster.
 */
export interface KafkaIdentity {
  /** Anonymous without, unless there is a certificate. */
  readonly sasl?: SaslCredentials
  /** Called for each connection. */
  readonly certificate?: () => ClientCertificate
  /** Whose it is, for logs and messages; the gateway's when left out. */
  readonly owner?: IdentityOwner
}

export type IdentityOwner = 'gateway' | 'caller'

/** What a caller shows to Kafka to be judged by it. */
export interface CallerIdentity {
  /** Tells identities apart and shows nothing of them: a digest of all that Kafka is shown, under a key of this process. */
  readonly key: string
  readonly sasl: SaslCredentials
  /** Name of the configured credentials that it consists of; undefined if the caller brought them. */
  readonly name?: string
}

/** Returns an identity's owner as texts name it. */
export function ownerText(owner: IdentityOwner | undefined): string {
  return owner === 'caller' ? "a caller's" : "the gateway's"
}
