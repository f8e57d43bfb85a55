import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { targetOf } from '../../src/http/target.ts'

const target = (url: string) => targetOf({ url, headers: { host: 'x' }, httpVersion: '1.1', complete: true })

suite('The target of a request', () => {
  test('in absolute form is its path and query, whatever the authority is followed by', () => {
    const targets: [string, string][] = [
      ['http://h/v1/metadata/topics?a=/b', '/v1/metadata/topics?a=/b'],
      ['HTTPS://h:9400/v1', '/v1'],
      ['http://h', '/'],
      ['http://h/', '/'],
      ['http://h?/v1/metadata/topics', '/?/v1/metadata/topics'],
      ['http://h?a=b', '/?a=b'],
      ['http://h#/v1/metadata/topics', '/#/v1/metadata/topics'],
      ['http://u:p@h/v1', '/v1'],
      ['*', '/*']
    ]
    for (const [url, expected] of targets) assert.equal(target(url), expected, url)
  })

  test('in absolute form is what the URL standard makes of it', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), url => {
        const { pathname, search } = new URL(url)
        const found = new URL(`http://x${target(url)}`)
        assert.deepEqual([found.pathname, found.search], [pathname, search])
      })
    )
  })
})
