import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const NPM_LIMIT_MS = 90_000
/** What packing reads; the tests are not part of it. */
const SOURCES = [
  'bin',
  'docs',
  'local-kafka',
  'src',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  '.npmrc'
]

interface Packing {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** The package as npm packs it, installed without development dependencies into a folder that was empty. */
export class PackedInstallation {
  readonly folder: string
  readonly packing: Packing

  private constructor(folder: string, packing: Packing) {
    this.folder = folder
    this.packing = packing
  }

  static async make(): Promise<PackedInstallation> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-proxy-package-'))
    // In a copy: a dist/ beside the sources would be run instead of them by every other test.
    const copy = join(folder, 'sources')
    for (const name of SOURCES) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    const { stdout } = await npm(copy, ['pack', '--json', '--pack-destination', folder])
    const packings = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as Packing[]
    const installed = join(folder, 'installed')
    cpSync(join(ROOT, '.npmrc'), join(installed, '.npmrc'))
    writeFileSync(join(installed, 'package.json'), '{"private":true}\n')
    await npm(installed, [
      'install',
      '--omit=dev',
      '--prefer-offline',
      '--no-audit',
      join(folder, packings[0].filename)
    ])
    return new PackedInstallation(installed, packings[0])
  }

  /** The installed program, to be run by the Node of the tests. */
  get program(): string {
    return join(this.folder, 'node_modules', '.bin', 'kafka-rest-proxy')
  }

  async installedBytes(): Promise<number> {
    const { stdout } = await run('du', ['-sb', join(this.folder, 'node_modules')])
    return Number.parseInt(stdout, 10)
  }

  remove(): void {
    rmSync(dirname(this.folder), { recursive: true, force: true })
  }
}

/** With what npm itself sets for its scripts left out: it would be taken for this run's own. */
function npm(cwd: string, argv: string[]): Promise<{ stdout: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)/.test(name)))
  return run('npm', argv, { cwd, env, timeout: NPM_LIMIT_MS, maxBuffer: 2 ** 24 })
}
