import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { QuotaConfig, QuotasConfig } from '../../../src/config/schema.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { accessWithoutRules, type Principal } from '../../../src/core/principal.ts'
import { Quotas } from '../../../src/http/quotas/quotas.ts'
import { TokenBucket } from '../../../src/http/quotas/token-bucket.ts'

const caller = (id: string, issuer = 'issuer'): Principal => ({ id, issuer, appOnly: true, access: accessWithoutRules })
const quota = (members: Partial<QuotaConfig>): QuotaConfig => ({ burstSeconds: 1, ...members })

function quotasOf(config: Partial<QuotasConfig>, issuers?: ReadonlyMap<string, string>) {
  const clock = { ms: 1000 }
  return { clock, quotas: new Quotas({ overrides: [], principalsRemembered: 100, ...config }, issuers, () => clock.ms) }
}

function refusalOf(act: () => unknown): { code: string; retryAfterS: number } | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    return { code: error.code, retryAfterS: Number(error.headers?.['Retry-After']) }
  }
}

test('a rate holds over time: never more than the burst and what has been refilled since', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.record({ afterMs: fc.nat(2000), cost: fc.integer({ min: 1, max: 500 }) }), { maxLength: 50 }),
      (perSecond, burstSeconds, steps) => {
        let nowMs = 0
        let taken = 0
        const bucket = new TokenBucket(perSecond, burstSeconds, nowMs)
        for (const { afterMs, cost } of steps) {
          nowMs += afterMs
          if (bucket.waitMs(cost, nowMs) > 0) continue
          bucket.take(cost, nowMs)
          taken += cost
          const most = bucket.capacity + (nowMs / 1000) * perSecond + Math.max(cost - bucket.capacity, 0)
          assert.ok(taken <= most + 1e-6, `${taken} of ${most}`)
        }
      }
    )
  )
})

test('what is refused passes after the wait that was named, and not before', () => {
  const bucket = new TokenBucket(10, 1, 0)
  bucket.take(25, 0)
  assert.equal(bucket.waitMs(5, 0), 2000)
  assert.ok(bucket.waitMs(5, 1999) > 0)
  assert.equal(bucket.waitMs(5, 2000), 0)
})

test('each principal has its own quota, by issuer and id', () => {
  const { quotas, clock } = quotasOf({ principal: quota({ requestsPerSecond: 2 }) })
  quotas.admit(caller('a'))
  quotas.admit(caller('a'))
  assert.deepEqual(
    refusalOf(() => quotas.admit(caller('a'))),
    { code: 'QUOTA_EXCEEDED', retryAfterS: 1 }
  )
  assert.equal(
    refusalOf(() => quotas.admit(caller('b'))),
    undefined
  )
  assert.equal(
    refusalOf(() => quotas.admit(caller('a', 'other issuer'))),
    undefined
  )
  clock.ms += 500
  assert.equal(
    refusalOf(() => quotas.admit(caller('a'))),
    undefined
  )
})

test('an override stands in place of the default, and can name the issuer', () => {
  const { quotas } = quotasOf({
    principal: quota({ requestsPerSecond: 1 }),
    overrides: [{ principal: 'a', issuer: 'issuer', ...quota({ requestsPerSecond: 3 }) }]
  })
  const granted = (principal: Principal) => {
    let count = 0
    while (refusalOf(() => quotas.admit(principal)) === undefined) count++
    return count
  }
  assert.deepEqual([granted(caller('a')), granted(caller('a', 'x')), granted(caller('b'))], [3, 1, 1])
})

test('the listener’s quota is shared by all, and a refusal by one takes nothing of the other', () => {
  const { quotas, clock } = quotasOf({
    principal: quota({ recordsPerSecond: 100 }),
    listener: quota({ recordsPerSecond: 150 })
  })
  const first = quotas.admit(caller('a'))
  const second = quotas.admit(caller('b'))
  first?.charge({ records: 100 })
  assert.deepEqual(
    refusalOf(() => second?.charge({ records: 60 })),
    { code: 'QUOTA_EXCEEDED', retryAfterS: 1 }
  )
  second?.charge({ records: 50 })
  clock.ms += 1000
  second?.charge({ records: 100 })
})

test('more than the burst passes when nothing is owed, and is then paid off before the next request', () => {
  const { quotas, clock } = quotasOf({ principal: quota({ bytesPerSecond: 1000 }) })
  quotas.admit(caller('a'))?.charge({ bytes: 5000 })
  assert.deepEqual(
    refusalOf(() => quotas.admit(caller('a'))),
    { code: 'QUOTA_EXCEEDED', retryAfterS: 4 }
  )
  clock.ms += 4000
  assert.equal(
    refusalOf(() => quotas.admit(caller('a'))),
    undefined
  )
})

test('requests at a time are counted until they end', () => {
  const { quotas } = quotasOf({ principal: quota({ concurrentRequests: 2 }) })
  const first = quotas.admit(caller('a'))
  quotas.admit(caller('a'))
  assert.equal(refusalOf(() => quotas.admit(caller('a')))?.code, 'QUOTA_EXCEEDED')
  first?.leave()
  assert.equal(
    refusalOf(() => quotas.admit(caller('a'))),
    undefined
  )
})

test('no more principals are remembered than configured, and those with a request under way stay', () => {
  const { quotas } = quotasOf({
    principal: quota({ concurrentRequests: 1 }),
    principalsRemembered: 10
  })
  quotas.admit(caller('busy'))
  for (let id = 0; id < 1000; id++) quotas.admit(caller(`caller-${id}`))?.leave()
  assert.equal(quotas.size, 10)
  assert.equal(refusalOf(() => quotas.admit(caller('busy')))?.code, 'QUOTA_EXCEEDED')
})

test('without configured quotas nobody is metered', () => {
  const { quotas } = quotasOf({})
  assert.equal(quotas.admit(caller('a')), undefined)
  assert.equal(quotas.size, 0)
})

test('the headers are those of the draft: policy and what is left, by unit', () => {
  const { quotas, clock } = quotasOf({
    principal: quota({ requestsPerSecond: 10, recordsPerSecond: 100, bytesPerSecond: 1000, burstSeconds: 2 })
  })
  const allowance = quotas.admit(caller('a'))
  allowance?.charge({ records: 250, bytes: 500 })
  assert.deepEqual(allowance?.headers(), {
    'RateLimit-Policy': '"requests";q=20;w=2, "records";q=200;w=2;qu="records", "bytes";q=2000;w=2;qu="content-bytes"',
    RateLimit: '"requests";r=19;t=1, "records";r=0;t=3, "bytes";r=1500;t=1'
  })
  clock.ms += 10_000
  assert.match(allowance?.headers().RateLimit ?? '', /^"requests";r=20;t=0, "records";r=200;t=0,/)
})

test('an override holds for a GUID in any case, and for every name of its issuer', () => {
  const [one, two] = ['https://sts.windows.net/t/', 'https://login.microsoftonline.com/t/v2.0']
  const id = '0C9F6A1E-1111-4222-8333-44445555AAAA'
  const { quotas } = quotasOf(
    {
      principal: quota({ requestsPerSecond: 1 }),
      overrides: [{ principal: id, issuer: one, ...quota({ requestsPerSecond: 3 }) }]
    },
    new Map([[two, one]])
  )
  quotas.admit(caller(id.toLowerCase(), one))
  quotas.admit(caller(id.toLowerCase(), two))
  quotas.admit(caller(id, two))
  assert.equal(refusalOf(() => quotas.admit(caller(id.toLowerCase(), one)))?.code, 'QUOTA_EXCEEDED')
  assert.equal(quotas.size, 1)
  quotas.admit(caller(id, 'https://elsewhere'))
  assert.equal(refusalOf(() => quotas.admit(caller(id, 'https://elsewhere')))?.code, 'QUOTA_EXCEEDED')
})

test('pages read at the same time overdraw by one page at most, whatever they are and in whatever order they come', () => {
  const step = fc.record({ afterMs: fc.nat(500), begins: fc.boolean(), bytes: fc.nat(5000), at: fc.nat(20) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const PER_SECOND = 1000
      const { quotas, clock } = quotasOf({ principal: quota({ bytesPerSecond: PER_SECOND }) })
      const reads: NonNullable<ReturnType<typeof quotas.admit>>[] = []
      let [sent, largest] = [0, 0]
      for (const { afterMs, begins, bytes, at } of steps) {
        clock.ms += afterMs
        if (begins || reads.length === 0) {
          refusalOf(() => {
            const read = quotas.admit(caller('a'))
            read?.reserve()
            if (read !== undefined) reads.push(read)
          })
          continue
        }
        const [read] = reads.splice(at % reads.length, 1)
        if (refusalOf(() => read.settle({ bytes })) === undefined) {
          sent += bytes
          largest = Math.max(largest, bytes)
        }
        read.leave()
        const most = PER_SECOND + ((clock.ms - 1000) / 1000) * PER_SECOND + largest
        assert.ok(sent <= most + 1e-6, `${sent} of ${most}`)
      }
      for (const read of reads) read.leave()
    })
  )
})
