import { type CredentialLines, readLines } from './credential-lines.ts'
import { readPasswordHash } from './password-hash.ts'

/** A user as their file holds them. */
export interface UserEntry {
  readonly name: string
  /** In PHC form. */
  readonly hash: string
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

/** No colon, which ends a name in Basic (RFC 7617 §2), and no control character. */
export const USER_NAME = /^[^\p{Cc}:]{1,255}$/u

/** First line of a new file. */
export const USER_FILE_HEAD =
  '# Users of kafka-rest-gateway, one a line. Edit with: kafka-rest-gateway user set|list|remove\n'

/** Reads a file of users, each line alone. */
export function readUserFile(text: string): CredentialLines<UserEntry> {
  return readLines(
    text,
    ({ name }) => name,
    line => {
      const entry = {
        name: line.text('name', USER_NAME),
        hash: line.text('hash', /^\$/),
        groups: line.texts('groups'),
        roles: line.texts('roles')
      }
      readPasswordHash(entry.hash)
      return entry
    }
  )
}

/** Returns the line of a user, without its line break. */
export function userLine({ name, hash, groups, roles }: UserEntry): string {
  return JSON.stringify({
    name,
    hash,
    ...(groups.length === 0 ? {} : { groups }),
    ...(roles.length === 0 ? {} : { roles })
  })
}

/** Returns the text of a file with a user's line replaced, added, or without it if `entry` is null. */
export function withUser(text: string, name: string, entry: UserEntry | null): string {
  const lines = text.split('\n')
  const at = lines.findIndex(line => readUserFile(line).entries[0]?.name === name)
  if (at >= 0) return lines.toSpliced(at, 1, ...(entry === null ? [] : [userLine(entry)])).join('\n')
  if (entry === null) return text
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${userLine(entry)}\n`
}
