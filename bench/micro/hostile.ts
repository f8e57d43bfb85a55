import { bodyOf, readV1, readV2, type ReadBody } from './bodies.ts'

export interface HostileBody {
  readonly name: string
  readonly body: Buffer
  readonly read: ReadBody
}

const SIZE_BYTES = 1024 * 1024

/** Nothing dear by themselves: what V8 remembers of a read beyond the end may make all the others so. */
const CUT_OFF = [
  ['a container', '['],
  ['a number', '1'],
  ['a fraction', '1.'],
  ['an exponent', '1e'],
  ['a word', 'tr'],
  ['a string', '"x'],
  ['an escape', '"\\'],
  ['digits of an escape', '"\\u00'],
  ['a name', '{"a'],
  ['white space', '1 ']
] as const

/** Bodies of one size that are as dear as their makers could think of; some are valid, some are refused. */
export function hostileBodies(): HostileBody[] {
  const make = (name: string, body: Buffer, read = readV1): HostileBody => ({ name, body, read })
  const binary = readV2('binary')
  const json = readV2('json')
  return [
    make('deep nesting, as deep as allowed', bodyOf(filled('{"value":', ['['.repeat(509), ']'.repeat(509)], '}'))),
    make('deep nesting, deeper than allowed', within('[')),
    make('nested objects', bodyOf(filled('{"value":', ['{"a":'.repeat(500), `1${'}'.repeat(500)}`], '}'))),
    make('tiny records', bodyOf(times('{"value":1}'))),
    make('tiny records, more than allowed', bodyOf([...times('{"value":1}'), ...times('{"value":1}')])),
    make('tiny records with spaces', bodyOf(times('{ "value" : 1 }'))),
    make('one huge number', within('1', '')),
    make('a huge partition number', Buffer.from(`{"records":[{"partition":${'1'.repeat(SIZE_BYTES)},"value":1}]}`)),
    make('many small numbers', within('1,', '1')),
    make('many empty strings', within('"",', '""')),
    make('many empty arrays', within('[],', '[]')),
    make('escapes \\u0041', text('\\u0041')),
    make('escapes \\\\', text('\\\\')),
    make('escapes between letters', text('a\\n')),
    make('surrogate pairs, escaped', text('\\ud83d\\ude00')),
    make('surrogate pairs, a lone one last', text('\\ud83d\\ude00', '\\ud83d')),
    make('four-byte characters', text('😀')),
    make('invalid at the very end', Buffer.concat([text('x').subarray(0, -2), Buffer.from(']!')])),
    make('bytes that are no UTF-8 at the end', Buffer.concat([text('x').subarray(0, -4), Buffer.from([0xff, 0x22])])),
    make('one huge key', Buffer.from(`{"records":[{"key":"${'k'.repeat(SIZE_BYTES)}","value":1}]}`)),
    make('one huge name of a member', Buffer.from(`{"records":[{"${'n'.repeat(SIZE_BYTES)}":1}]}`)),
    make('escaped names of members', bodyOf(times('{"\\u0076\\u0061\\u006c\\u0075\\u0065":1}'))),
    make('duplicated names in a value', object('"a":1,')),
    make('duplicated members of records', bodyOf(times('{"value":1,"value":1}'))),
    make('many headers', Buffer.from(`{"records":[{"value":1,"headers":[${times('{"key":""}').join(',')}]}]}`)),
    make('many timestamps', bodyOf(times('{"value":1,"timestamp":1700000000000}'))),
    make('timestamps with exponents', bodyOf(times('{"value":1,"timestamp":1700000000.000e3}'))),
    make('base64', bodyOf([`{"value":"${'QUJD'.repeat(SIZE_BYTES / 4)}","value_encoding":"base64"}`])),
    make(
      'base64, wrong at the end',
      bodyOf([`{"value":"${'QUJD'.repeat(SIZE_BYTES / 4)}AB!=","value_encoding":"base64"}`])
    ),
    make('v2 binary: one value', bodyOf([`{"value":"${'QUJD'.repeat(SIZE_BYTES / 4)}"}`]), binary),
    make('v2 binary: tiny records', bodyOf(times('{"value":"QQ"}')), binary),
    make('v2 binary: escapes', bodyOf([`{"value":"${repeated('\\u0041')}"}`]), binary),
    make('v2 binary: wrong at the end', bodyOf([`{"value":"${'QUJD'.repeat(SIZE_BYTES / 4)}A"}`]), binary),
    make('v2 json: tiny records', bodyOf(times('{"value":1}')), json),
    make('v2 json: escaped names of members', bodyOf(times('{"\\u0076\\u0061\\u006c\\u0075\\u0065":1}')), json),
    make(
      'v2 json: deep nesting, as deep as allowed',
      bodyOf(filled('{"value":', ['['.repeat(509), ']'.repeat(509)], '}')),
      json
    ),
    make(
      'v2 json: many headers',
      Buffer.from(`{"records":[{"value":1,"headers":[${times('{"key":"","value":""}').join(',')}]}]}`),
      json
    ),
    make('white space only', Buffer.alloc(SIZE_BYTES, ' ')),
    make('white space in a value', within(' \n\t\r', '1')),
    make('words', within('true,', 'null')),
    ...CUT_OFF.map(([where, end]) => make(`cut off in ${where}`, cutOff(end)))
  ]
}

function repeated(piece: string): string {
  return piece.repeat(Math.ceil(SIZE_BYTES / Buffer.byteLength(piece)))
}

function times(piece: string): string[] {
  return Array.from({ length: Math.ceil(SIZE_BYTES / (piece.length + 1)) }, () => piece)
}

/** One record whose value is an array of these. */
function within(piece: string, last = ''): Buffer {
  return bodyOf([`{"value":[${repeated(piece)}${last}]}`])
}

function object(member: string): Buffer {
  return bodyOf([`{"value":{${repeated(member)}"a":1}}`])
}

function cutOff(end: string): Buffer {
  return Buffer.from(`{"records":[{"value":[${repeated('"a",')}${end}`)
}

function text(piece: string, last = ''): Buffer {
  return bodyOf([`{"value":"${repeated(piece)}${last}"}`])
}

function filled(before: string, [open, close]: readonly [string, string], after: string): string[] {
  return times(`${before}${open}${close}${after}`)
}
