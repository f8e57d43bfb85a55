import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bearerToken } from '../../src/auth/bearer.ts'
import { GatewayError } from '../../src/core/errors.ts'

const TOKEN68 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/'

/** RFC 9110 §11.2 and RFC 6750 §2.1, letter by letter. */
function expected(header: string): string {
  if (header.slice(0, 6).toLowerCase() !== 'bearer') return 'UNAUTHENTICATED'
  if (header.length > 6 && header[6] !== ' ') return 'UNAUTHENTICATED'
  let from = 6
  while (header[from] === ' ') from++
  let end = from
  while (end < header.length && TOKEN68.includes(header[end])) end++
  if (end === from) return 'INVALID_TOKEN'
  while (header[end] === '=') end++
  let rest = end
  while (header[rest] === ' ') rest++
  return rest === header.length ? header.slice(from, end) : 'INVALID_TOKEN'
}

function actual(header: string): string {
  try {
    return bearerToken(header)
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    return error.code
  }
}

test('a header is read as the RFCs say, whatever is in it', () => {
  const part = fc.constantFrom('Bearer', 'bearer', ' ', '=', ',', '\t', 'a', 'Z.9', '-._~+/', 'ä', '"', 'Basic')
  const header = fc.oneof(
    fc.array(part, { maxLength: 8 }).map(parts => parts.join('')),
    fc.array(part, { maxLength: 4 }).map(parts => `BEARER ${parts.join('')}`),
    fc.string()
  )
  fc.assert(
    fc.property(header, text => assert.equal(actual(text), expected(text))),
    { numRuns: 2000 }
  )
})

test('a header is read up to 16384 characters', () => {
  const longest = `Bearer ${'a'.repeat(16_384 - 7)}`
  assert.equal(actual(longest), longest.slice(7))
  assert.equal(actual(`${longest}a`), 'INVALID_TOKEN')
})
