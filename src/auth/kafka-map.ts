import type { IssuerNames } from '../config/issuers.ts'
import type { KafkaConfig } from '../config/schema.ts'
import type { CallerIdentity, SaslCredentials } from '../core/kafka-identity.ts'
import { CallerMatch, type Named } from './caller-match.ts'

interface Entry {
  readonly match: CallerMatch
  readonly credentials: string
}

/** The credentials that the configuration has for callers who bring none that Kafka could judge. */
export class KafkaMap {
  /** The groups that it names: callers' other groups need not be kept. */
  readonly groups: readonly string[]
  readonly #entries: readonly Entry[]
  readonly #identities: ReadonlyMap<string, CallerIdentity>

  /** `credentials` by name. */
  constructor(
    entries: KafkaConfig['identityMap'],
    credentials: ReadonlyMap<string, SaslCredentials>,
    providers: readonly IssuerNames[]
  ) {
    this.groups = entries.flatMap(({ groups }) => groups)
    this.#entries = entries.map(entry => ({
      match: new CallerMatch({ ...entry, roles: [] }, providers),
      credentials: entry.credentials
    }))
    this.#identities = new Map(
      [...credentials].map(([name, sasl]) => [name, { key: `credentials ${name}`, sasl, name }])
    )
  }

  /** Returns the identity of a caller: by `own`, the name that their key says, else by the first entry that names them. */
  of(caller: Named, own: string | undefined): CallerIdentity | undefined {
    const name = own ?? this.#entries.find(({ match }) => match.names(caller))?.credentials
    return name === undefined ? undefined : this.#identities.get(name)
  }
}
