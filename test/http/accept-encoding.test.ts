import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { acceptsGzip } from '../../src/http/accept-encoding.ts'
import { pageOf, startFront } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'

test('gzip is chosen by the weights of Accept-Encoding', () => {
  const accepted = [
    'gzip',
    'GZIP',
    'x-gzip',
    '*',
    'br, gzip;q=0.5',
    'gzip; q=1.0, identity; q=0.5',
    'deflate, *;q=0.1',
    'identity;q=0, gzip;q=0.1'
  ]
  const refused = [
    undefined,
    '',
    'br',
    'gzip;q=0',
    'gzip;q=0.000, *',
    '*;q=0',
    'identity',
    'gzip;q=0.2, identity;q=0.9',
    'gzip;q=x'
  ]
  for (const header of accepted) assert.equal(acceptsGzip(header), true, header)
  for (const header of refused) assert.equal(acceptsGzip(header), false, header)
})

/** RFC 9110 §12.5.3 from the text, for a field that names no coding twice. */
function weighs(field: readonly [string, string][]): boolean {
  const weights = new Map(field.map(([coding, q]) => [coding === 'x-gzip' ? 'gzip' : coding, q === '' ? 1 : Number(q)]))
  const gzip = weights.get('gzip') ?? weights.get('*') ?? 0
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0)
}

test('gzip is chosen where it weighs no less than the plain body, which weighs nothing unless it is named', () => {
  const coding = fc.constantFrom('gzip', 'x-gzip', 'br', 'deflate', 'zstd', 'identity', '*')
  const field = fc.uniqueArray(
    fc.tuple(coding, fc.constantFrom('', '0', '0.0', '1', '1.000', '0.5', '0.25', '0.001')),
    {
      selector: ([name]) => (name === 'x-gzip' ? 'gzip' : name),
      maxLength: 6
    }
  )
  const styles = fc.tuple(fc.constantFrom('', ' ', '\t '), fc.boolean())
  fc.assert(
    fc.property(field, styles, (field, [space, upper]) => {
      const parts = field.map(([name, q]) => `${space}${name}${space}${q === '' ? '' : `;${space}q=${q}`}${space}`)
      const header = upper ? parts.join(',').toUpperCase() : parts.join(',')
      assert.equal(acceptsGzip(header), weighs(field), header)
    }),
    { numRuns: 5000 }
  )
  for (const header of ['gzip;q=', 'gzip;;q=0', ',,', 'gzip/1', `gzip${' '.repeat(1024)}`])
    assert.doesNotThrow(() => acceptsGzip(header))
})

test(
  'an answer of a kilobyte or more is gzipped for who takes it, with the same text, and small ones are not',
  { timeout: 10_000 },
  async t => {
    const { port, call } = await startFront(t, {
      gateway: { consume: () => Promise.resolve(pageOf(Buffer.alloc(2000, 'a'))) }
    })
    const path = '/v1/consumer/topics/a/partitions/0/offsets/7'
    const plain = new RawClient(port).send(rawRequest(`GET ${path}`))
    const { headers, body } = await plain.answer()
    assert.deepEqual([headers['content-encoding'], headers.vary], [undefined, 'Accept-Encoding'])
    plain.close()
    const packed = await call(path, { headers: { authorization: 'Bearer good', 'accept-encoding': 'gzip' } })
    assert.deepEqual([packed.headers.get('content-encoding'), packed.headers.get('vary')], ['gzip', 'Accept-Encoding'])
    assert.ok(Number(packed.headers.get('content-length')) < 500)
    assert.equal(await packed.text(), body)
    const small = await call('/v1/metadata/topics', {
      headers: { authorization: 'Bearer good', 'accept-encoding': 'gzip' }
    })
    assert.deepEqual([small.headers.get('content-encoding'), small.headers.get('vary')], [null, null])
  }
)
