import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { billOfMaterials } from '../../scripts/bill-of-materials.ts'

interface Locked {
  readonly version: string
  readonly dev?: boolean
  readonly peer?: boolean
}

test('the bill of materials names what is delivered: every production dependency, and what the build copies in', async () => {
  const root = new URL('../../', import.meta.url)
  const { name, version, packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
    name: string
    version: string
    packages: Record<string, Locked>
  }
  const bill = await billOfMaterials()
  assert.equal(bill.bomFormat, 'CycloneDX')
  assert.deepEqual(
    [bill.metadata.component.name, bill.metadata.component.version, bill.metadata.component.purl],
    [name, version, `pkg:npm/${name}@${version}`]
  )
  const locked = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && (dev !== true || path === 'node_modules/swagger-ui-dist'))
    .map(([path, each]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${each.version}`)
  const listed = bill.components.map(component => `${component.name}@${component.version}`)
  assert.deepEqual(listed.toSorted(), locked.toSorted())
  for (const { purl, hashes, licenses } of bill.components) {
    assert.match(purl, /^pkg:npm\/.+@.+$/)
    assert.equal(hashes?.length, 1, purl)
    assert.ok(licenses !== undefined && licenses.length > 0, purl)
  }
  const refs = new Set([bill.metadata.component, ...bill.components].map(component => component['bom-ref']))
  for (const { ref, dependsOn = [] } of bill.dependencies)
    for (const each of [ref, ...dependsOn]) assert.ok(refs.has(each), each)
})
