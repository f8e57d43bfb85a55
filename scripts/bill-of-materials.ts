import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm } from './stage-package.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** A development dependency whose files the build copies into the package. */
const COPIED_IN = 'swagger-ui-dist'
const MODULES = 'node_modules/'

/** The parts of CycloneDX 1.5 that are read or written here. */
export interface BillOfMaterials {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: string
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

export interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly scope?: string
  readonly purl: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses?: readonly object[]
}

interface Locked {
  readonly version: string
  readonly dev?: boolean
}

/**
 * Returns what the package delivers: the production dependencies of the lockfile, optional ones for all platforms, and the
 * files that the build copies in. Chosen here from npm's list of everything, because `npm sbom --omit=dev` (11.19) also
 * leaves out optional dependencies, and those that a development dependency has in common with us.
 */
export async function billOfMaterials(): Promise<BillOfMaterials> {
  const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
  const all = JSON.parse((await npm(ROOT, ['sbom', ...options])).stdout) as BillOfMaterials
  const { component } = all.metadata
  const own = component['bom-ref']
  const refs = new Set([own, ...deliveredRefs()])
  const copied = [...refs].find(ref => ref.startsWith(`${COPIED_IN}@`)) ?? ''
  return {
    ...all,
    // npm takes the name of the folder for that of the package.
    metadata: { ...all.metadata, component: { ...component, name: nameOf(own) } },
    components: all.components
      .filter(each => refs.has(each['bom-ref']))
      .map(each => (each['bom-ref'] === copied ? Object.assign(each, { scope: 'required' }) : each)),
    dependencies: all.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(each => refs.has(each)) }))
  }
}

function deliveredRefs(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  return Object.entries(packages)
    .map(([path, { version, dev }]) => ({
      name: path.slice(path.lastIndexOf(MODULES) + MODULES.length),
      version,
      dev,
      path
    }))
    .filter(({ name, dev, path }) => path !== '' && (dev !== true || name === COPIED_IN))
    .map(({ name, version }) => `${name}@${version}`)
}

function nameOf(ref: string): string {
  return ref.slice(0, ref.lastIndexOf('@'))
}
