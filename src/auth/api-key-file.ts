import { networksOf } from '../core/lib/networks.ts'
import { digestOf, newKey } from './api-key-text.ts'
import { type CredentialLines, readLines } from './credential-lines.ts'

/** A key as its file holds it. Times are milliseconds since 1970. */
export interface KeyEntry {
  readonly id: string
  /** SHA-256 of the whole text of the key, in hexadecimal. */
  readonly sha256: string
  readonly principal: string
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly createdMs: number
  readonly expiresMs: number | undefined
  readonly revokedMs: number | undefined
  /** Where the key may be used; anywhere if empty. */
  readonly networks: readonly string[]
  /** Name of the entry of `kafka.credentials` as which its caller acts in Kafka. */
  readonly kafka?: string | undefined
}

const ID = /^[0-9A-Za-z]{12}$/
const SHA256 = /^[0-9a-f]{64}$/
/** Anything that a log line and a rule can show. */
export const PRINCIPAL = /^[^\p{Cc}]{1,255}$/u

/** What is chosen for a new key. */
export type NewKey = Pick<KeyEntry, 'principal' | 'groups' | 'roles' | 'networks' | 'expiresMs' | 'kafka'>

/** Makes a key. Returns its text, which is not kept anywhere, and its entry. */
export function makeKey(chosen: NewKey, nowMs: number): { readonly text: string; readonly entry: KeyEntry } {
  const { id, text } = newKey()
  const sha256 = digestOf(text).toString('hex')
  return { text, entry: { ...chosen, id, sha256, createdMs: nowMs, revokedMs: undefined } }
}

/** First line of a new file. */
export const KEY_FILE_HEAD =
  '# API keys of kafka-rest-gateway, one a line. Edit with: kafka-rest-gateway key create|list|revoke\n'

/** Reads a file of API keys, each line alone. */
export function readKeyFile(text: string): CredentialLines<KeyEntry> {
  return readLines(
    text,
    ({ id }) => id,
    line => {
      const entry = {
        id: line.text('id', ID),
        sha256: line.text('sha256', SHA256),
        principal: line.text('principal', PRINCIPAL),
        groups: line.texts('groups'),
        roles: line.texts('roles'),
        createdMs: line.time('created'),
        expiresMs: line.optionalTime('expires'),
        revokedMs: line.optionalTime('revoked'),
        networks: line.texts('networks'),
        kafka: line.optionalText('kafka', PRINCIPAL)
      }
      networksOf(entry.networks)
      return entry
    }
  )
}

const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString())

/** Returns the line of a key, without its line break. */
export function keyLine(entry: KeyEntry): string {
  const { id, sha256, principal, groups, roles, createdMs, expiresMs, revokedMs, networks, kafka } = entry
  return JSON.stringify({
    id,
    sha256,
    principal,
    ...(groups.length === 0 ? {} : { groups }),
    ...(roles.length === 0 ? {} : { roles }),
    created: time(createdMs),
    expires: time(expiresMs),
    revoked: time(revokedMs),
    ...(networks.length === 0 ? {} : { networks }),
    kafka
  })
}

/** Returns the text of a key file in which the line of one key is replaced. Keeps all other lines as they are. */
export function withKeyReplaced(text: string, entry: KeyEntry): string {
  const isLine = (line: string) => readKeyFile(line).entries[0]?.id === entry.id
  return text
    .split('\n')
    .map(line => (isLine(line) ? keyLine(entry) : line))
    .join('\n')
}
