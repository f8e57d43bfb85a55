import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromBER } from 'asn1js'
import fc from 'fast-check'
import { distinguishedName } from '../../../src/auth/certificates/distinguished-name.ts'
import { compileMapping } from '../../../src/auth/certificates/mapping-rules.ts'
import { der, objectId, sequence, set } from '../../../src/dev/certificates/der.ts'
import { javaOracle } from '../../support/java-oracle.ts'

const hex = (text: string | Buffer): string => Buffer.from(text).toString('hex')
const fromHex = (text: string): string | undefined => (text === '-' ? undefined : Buffer.from(text, 'hex').toString())
const oracle = (questions: readonly string[]) => javaOracle(new URL('NameOracle.java', import.meta.url), questions)

const TYPES = [
  '2.5.4.3',
  '2.5.4.6',
  '2.5.4.7',
  '2.5.4.8',
  '2.5.4.9',
  '2.5.4.10',
  '2.5.4.11',
  '0.9.2342.19200300.100.1.25',
  '0.9.2342.19200300.100.1.1',
  '1.2.840.113549.1.9.1',
  '2.5.4.5',
  '2.5.4.12',
  '2.5.4.4',
  '2.5.4.42',
  '1.3.6.1.4.1.99999.1'
]
const TAGS = [12, 12, 12, 19, 20, 22, 27]
const ODD = fc.constantFrom(
  ' ',
  '  ',
  ',',
  '+',
  '"',
  '\\',
  '<',
  '>',
  ';',
  '=',
  '#',
  '\0',
  '\r',
  '\n',
  '/',
  'ä',
  'ß',
  '漢',
  '🚀',
  'e\u0301'
)
const value = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.string({ maxLength: 6 }) }, { weight: 2, arbitrary: ODD }), {
    minLength: 1,
    maxLength: 5
  })
  .map(texts => texts.join(''))
const attribute = fc
  .tuple(fc.constantFrom(...TYPES), fc.constantFrom(...TAGS), value)
  .map(([type, tag, text]) => sequence(objectId(type), der(tag, Buffer.from(text))))
const part = fc.array(attribute, { minLength: 1, maxLength: 3 }).map(attributes => set(...attributes))
const name = fc.array(part, { minLength: 1, maxLength: 5 }).map(all => sequence(...all))

suite('The name in a certificate', () => {
  test('is written as Java writes it, whatever its types, parts and characters', { timeout: 60_000 }, async () => {
    const names = fc.sample(name, { numRuns: 400, seed: 7 })
    const answers = await oracle(names.map(each => `name ${hex(each)}`))
    for (const [at, each] of names.entries())
      assert.equal(distinguishedName(fromBER(each).result), fromHex(answers[at]), hex(each))
  })

  test('becomes a principal as Kafka’s rules make it', { timeout: 60_000 }, async () => {
    const rules = [
      ['DEFAULT'],
      ['RULE:^CN=(.*?),.*$/$1/'],
      ['RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L', 'RULE:^CN=(.*?),OU=(.*?)$/$1@$2/U', 'DEFAULT'],
      ['RULE:.*/x/'],
      ['RULE:^cn=(.*?),.*$/$1/'],
      [String.raw`RULE:^CN=(\w+)\/(\w+),.*$/$2-$1/`],
      ['RULE:CN=(.*)/$1 $2 $10/U'],
      [String.raw`RULE:^(.*)$/\$1-$1/`],
      ['RULE:^UID=(.*)$/$1/', 'RULE:^.*?DC=(.*?),.*$/$1/']
    ]
    const names = [
      'CN=Alice,OU=ServiceUsers,O=Ä',
      'CN=Bob,OU=Ops',
      'CN=a/b,O=x',
      'CN=x',
      'UID=7',
      'O=x,DC=one,DC=two',
      String.raw`CN=a\,b,OU=ServiceUsers`,
      'CN=İß,OU=Ops'
    ]
    const pairs = rules.flatMap(list => names.map(each => ({ list, each })))
    const answers = await oracle(pairs.map(({ list, each }) => `map ${hex(list.join(','))} ${hex(each)}`))
    for (const [at, { list, each }] of pairs.entries()) {
      const mapping = await compileMapping(list)
      assert.equal(mapping(each), fromHex(answers[at]), `${list.join(', ')} of ${each}`)
    }
  })

  test('is refused at start where a rule is none, or needs what takes exponential time', async () => {
    await assert.rejects(
      compileMapping(['DEFAULT', 'RULE:a/b']),
      /^Error: auth\.certificates\.mappingRules\[1\] is neither DEFAULT nor RULE:/
    )
    await assert.rejects(
      compileMapping(['RULE:^CN=(?=x)(.*)$/$1/']),
      /^Error: auth\.certificates\.mappingRules\[0\]: .*It is read as RE2 reads it/
    )
    await assert.rejects(compileMapping(['RULE:a/b/X']), /^Error: auth\.certificates\.mappingRules\[0\] is neither/)
  })
})
