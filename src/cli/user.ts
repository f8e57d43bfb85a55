import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { hashPassword } from '../auth/password-hash.ts'
import { readUserFile, USER_FILE_HEAD, USER_NAME, userLine, withUser } from '../auth/user-file.ts'
import { loadFrom } from './config-option.ts'
import { editFile } from './edit-file.ts'

const IN_FORCE = 'It counts within a minute on each gateway that reads this file.'
const LIMIT_BYTES = 255
const CONTROLS = /\p{Cc}/u

const OPTIONS = {
  config: { type: 'string' },
  file: { type: 'string' },
  group: { type: 'string', multiple: true, default: [] as string[] },
  role: { type: 'string', multiple: true, default: [] as string[] }
} as const

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Sets, lists and removes the users of `auth.basic.file`. */
export const runUser = async (argv: string[]): Promise<void> => {
  const { values, positionals } = parseArgs({ args: argv, allowPositionals: true, options: OPTIONS })
  const [action, ...names] = positionals
  if (!['set', 'list', 'remove'].includes(action)) throw new Error('user needs one of set, list, remove')
  if (names.length !== (action === 'list' ? 0 : 1))
    throw new Error(
      action === 'list' ? 'user list takes no names' : `user ${action} needs one NAME; passwords are asked for`
    )
  const file = values.file ?? fileIn(values.config)
  if (action === 'list') return list(file)
  const [name] = names
  if (!USER_NAME.test(name)) throw new Error('A name has no colon, no control character, and at most 255 characters')
  if (action === 'remove') return remove(file, name)
  const hash = hashPassword(await askPassword(name))
  const entry = { name, hash, groups: values.group, roles: values.role }
  const isWritten = await editFile(file, text => withUser(text === '' ? USER_FILE_HEAD : text, name, entry))
  say(
    isWritten
      ? `${name} is set. ${IN_FORCE}`
      : `${file} cannot be written. Put this line into it:\n\n${userLine(entry)}`
  )
}

const fileIn = (config: string | undefined): string => {
  const { basic } = loadFrom(config).config.auth
  if (basic === undefined) throw new Error('auth.basic.file is not set: set it, or name the file with --file')
  return basic.file
}

const list = (file: string): void => {
  const { entries, problems } = readUserFile(readFileSync(file, 'utf8'))
  for (const { name, groups, roles } of entries) say([name, ...groups, ...roles].join('  '))
  for (const problem of problems) process.stderr.write(`${file}: ${problem}\n`)
  if (entries.length === 0) say('There is no user.')
}

const remove = async (file: string, name: string): Promise<void> => {
  const { entries } = readUserFile(readFileSync(file, 'utf8'))
  if (!entries.some(entry => entry.name === name)) throw new Error(`${file} has no user ${name}`)
  // A file without any line would pass for a broken one, and change nothing.
  const change = (text: string) => withUser(text.startsWith('#') ? text : USER_FILE_HEAD + text, name, null)
  say(
    (await editFile(file, change))
      ? `${name} is removed. ${IN_FORCE}`
      : `${file} cannot be written: remove the line of ${name}`
  )
}

/** Asks twice on a terminal, without showing what is typed. Reads one line from anything else. */
const askPassword = async (name: string): Promise<string> => {
  const { stdin, stderr } = process
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: hidden, terminal: stdin.isTTY })
  try {
    if (!stdin.isTTY) return soundPassword((await lines[Symbol.asyncIterator]().next()).value ?? '')
    stderr.write(`Password of ${name}: `)
    const password = soundPassword(await lines.question(''))
    stderr.write('\nOnce more: ')
    const again = await lines.question('')
    stderr.write('\n')
    if (password !== again) throw new Error('The two passwords differ; nothing was changed')
    return password
  } finally {
    lines.close()
  }
}

const soundPassword = (password: string): string => {
  if (password === '' || Buffer.byteLength(password) > LIMIT_BYTES || CONTROLS.test(password))
    throw new Error('A password has 1 to 255 bytes and no control character')
  if (password.startsWith('krp_')) throw new Error('A password must not start with krp_, as API keys do')
  return password
}
