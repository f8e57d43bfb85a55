import { readPlainHead } from '../../src/http/direct/plain-head.ts'
import type { Timed } from './measure.ts'

export interface Head {
  readonly name: string
  readonly bytes: Buffer
}

/** As the server has it by default. */
const LIMIT_BYTES = 32 * 1024
const LINE = 'GET / HTTP/1.1\r\n'
const HOST = 'Host: x\r\n'
const END = '\r\n'

/** As curl sends them, and a client with a token full of groups. */
export function normalHeads(): Head[] {
  const fields = [HOST, 'User-Agent: curl/8\r\n', 'Accept: */*\r\n']
  return [
    head('normal: of curl', LINE, ...fields),
    head('normal: a token of 8 KB', LINE, ...fields, `Authorization: Bearer ${'a'.repeat(8192)}\r\n`)
  ]
}

/** Heads of the largest size that are as dear as their makers could think of; some are plain, some are left to Node. */
export function hostileHeads(): Head[] {
  const last = '\x80'
  return [
    head('spaces before a byte that is not plain', LINE, HOST, `X:${filled(' ')}${last}\r\n`),
    head('tabs before a byte that is not plain', LINE, HOST, `X:${filled('\t')}${last}\r\n`),
    head('spaces before a line feed alone', LINE, HOST, `X:${filled(' ')}\n`),
    head('spaces after a value', LINE, HOST, `X: a${filled(' ')}\r\n`),
    head('spaces within a value', LINE, HOST, `X: ${filled('a ')}${last}\r\n`),
    head('carriage returns', LINE, HOST, `X: ${filled('\r')}\r\n`),
    head('one long name', LINE, HOST, `${filled('x')} : 1\r\n`),
    head('a name without a colon', LINE, HOST, `${filled('x')}\r\n`),
    head('colons', LINE, HOST, `X:${filled(':')}${last}\r\n`),
    head('many small fields', LINE, HOST, ...rows(at => `${at.toString(36)}:\r\n`)),
    head('many fields of one name', LINE, HOST, ...rows(() => 'a:\r\n')),
    head('names that are numbers', LINE, HOST, ...rows(at => `${at}:\r\n`)),
    head('a long path', `GET /${filled('a')} HTTP/1.1\r\n`, HOST),
    head('a path that ends in a space', `GET /${filled('a')}  HTTP/1.1\r\n`, HOST),
    head('a query of many parts', `GET /?${filled('a=b&')} HTTP/1.1\r\n`, HOST),
    head(
      'lengths',
      'POST / HTTP/1.1\r\n',
      HOST,
      ...rows(at => `x${at}: content-length: 1\r\n`),
      'Content-Length: 1\r\n'
    ),
    { name: 'no end', bytes: Buffer.from(`${LINE}${HOST}X:${filled('\r\n ')}`, 'latin1') }
  ]
}

export function readingOf({ name, bytes }: Head): Timed {
  return { name, run: () => readPlainHead(bytes, LIMIT_BYTES) }
}

export function outcomeOfHead({ bytes }: Head): string {
  const read = readPlainHead(bytes, LIMIT_BYTES)
  return typeof read === 'string' ? read : `${Object.keys(read.headers).length} fields`
}

function head(name: string, ...parts: readonly string[]): Head {
  return { name, bytes: Buffer.from(parts.join('') + END, 'latin1') }
}

const ROOM_BYTES = LIMIT_BYTES - 256

function filled(piece: string): string {
  return piece.repeat(Math.floor(ROOM_BYTES / piece.length))
}

function rows(line: (at: number) => string): string[] {
  const all: string[] = []
  for (let at = 0, length = 0; length < ROOM_BYTES; at++) {
    all.push(line(at))
    length += all[at].length
  }
  return all
}
