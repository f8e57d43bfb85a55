import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  KEY_FILE_HEAD,
  type KeyEntry,
  keyLine,
  makeKey,
  PRINCIPAL,
  readKeyFile,
  withKeyReplaced
} from '../auth/api-key-file.ts'
import { networksOf } from '../core/lib/networks.ts'
import { loadFrom } from './config-option.ts'
import { editFile } from './edit-file.ts'

const DAY_MS = 86_400_000
const IN_FORCE = 'It counts within a minute on each gateway that reads this file.'

const OPTIONS = {
  config: { type: 'string' },
  file: { type: 'string' },
  principal: { type: 'string' },
  group: { type: 'string', multiple: true, default: [] as string[] },
  role: { type: 'string', multiple: true, default: [] as string[] },
  network: { type: 'string', multiple: true, default: [] as string[] },
  days: { type: 'string' },
  kafka: { type: 'string' }
} as const

type Values = ReturnType<typeof parse>['values']

const parse = (argv: string[]) => parseArgs({ args: argv, allowPositionals: true, options: OPTIONS })

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Makes, lists and revokes the keys of `auth.apiKeys.file`. */
export const runKey = async (argv: string[]): Promise<void> => {
  const { values, positionals } = parse(argv)
  const [action, ...rest] = positionals
  const ids = action === 'revoke' ? 1 : 0
  if (!['create', 'list', 'revoke'].includes(action)) throw new Error('key needs one of create, list, revoke')
  if (rest.length !== ids)
    throw new Error(ids === 1 ? 'key revoke needs the id of one key' : `key ${action} takes no names`)
  const file = values.file ?? fileIn(values.config)
  if (action === 'create') await create(file, values)
  else if (action === 'list') list(file)
  else await revoke(file, rest[0])
}

const fileIn = (config: string | undefined): string => {
  const { apiKeys } = loadFrom(config).config.auth
  if (apiKeys === undefined) throw new Error('auth.apiKeys.file is not set: set it, or name the file with --file')
  return apiKeys.file
}

const create = async (file: string, { principal, group, role, network, days, kafka }: Values): Promise<void> => {
  if (principal === undefined || !PRINCIPAL.test(principal))
    throw new Error('key create needs --principal NAME: whom the key stands for, as rules name them')
  networksOf(network)
  const nowMs = Date.now()
  const expiresMs = days === undefined ? undefined : nowMs + daysIn(days) * DAY_MS
  const { text, entry } = makeKey({ principal, groups: group, roles: role, networks: network, expiresMs, kafka }, nowMs)
  const isWritten = await editFile(file, old => `${endingInLine(old === '' ? KEY_FILE_HEAD : old)}${keyLine(entry)}\n`)
  if (!isWritten) say(`${file} cannot be written. Add this line to it:\n\n${keyLine(entry)}\n`)
  say(`The key of ${principal}. It is shown this once:\n\n${text}\n\n${IN_FORCE}`)
}

const list = (file: string): void => {
  const { entries, problems } = readKeyFile(readFileSync(file, 'utf8'))
  for (const entry of entries) say(`${entry.id}  ${stateOf(entry)}  ${entry.principal}${detailsOf(entry)}`)
  for (const problem of problems) process.stderr.write(`${file}: ${problem}\n`)
  if (entries.length === 0) say('There is no key.')
}

const revoke = async (file: string, id: string): Promise<void> => {
  const entry = readKeyFile(readFileSync(file, 'utf8')).entries.find(one => one.id === id)
  if (entry === undefined) throw new Error(`${file} has no key ${id}`)
  const revoked = { ...entry, revokedMs: entry.revokedMs ?? Date.now() }
  if (await editFile(file, old => withKeyReplaced(old, revoked))) say(`The key ${id} is revoked. ${IN_FORCE}`)
  else say(`${file} cannot be written. Put this line in place of the key's:\n\n${keyLine(revoked)}`)
}

const daysIn = (text: string): number => {
  const days = Number(text)
  if (!/^\d{1,5}$/.test(text) || days === 0) throw new Error(`--days must be a number from 1 to 99999, not '${text}'`)
  return days
}

const endingInLine = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

const stateOf = ({ revokedMs, expiresMs }: KeyEntry): string => {
  if (revokedMs !== undefined) return 'revoked'
  return expiresMs !== undefined && expiresMs <= Date.now() ? 'expired' : 'valid  '
}

const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const detailsOf = ({ groups, roles, networks, createdMs, expiresMs, kafka }: KeyEntry): string => {
  const lists = [
    ['groups', groups],
    ['roles', roles],
    ['networks', networks]
  ] as const
  const parts = lists.filter(([, texts]) => texts.length > 0).map(([name, texts]) => `${name} ${texts.join(', ')}`)
  const ends = expiresMs === undefined ? [] : [`expires ${date(expiresMs)}`]
  const inKafka = kafka === undefined ? [] : [`in Kafka ${kafka}`]
  return `  (${[`created ${date(createdMs)}`, ...ends, ...parts, ...inKafka].join('; ')})`
}
