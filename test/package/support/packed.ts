import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { npm, packInto, type Packing } from '../../../scripts/stage-package.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The package as npm packs it, installed without development dependencies into a folder that was empty. */
export class PackedInstallation {
  readonly folder: string
  readonly packing: Packing

  private constructor(folder: string, packing: Packing) {
    this.folder = folder
    this.packing = packing
  }

  static async make(): Promise<PackedInstallation> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-package-'))
    const packing = await packInto(folder, join(folder, 'sources'))
    const installed = join(folder, 'installed')
    cpSync(join(ROOT, '.npmrc'), join(installed, '.npmrc'))
    writeFileSync(join(installed, 'package.json'), '{"private":true}\n')
    await npm(installed, ['install', '--omit=dev', '--prefer-offline', '--no-audit', join(folder, packing.filename)])
    return new PackedInstallation(installed, packing)
  }

  /** The installed program, to be run by the Node of the tests. */
  get program(): string {
    return join(this.folder, 'node_modules', '.bin', 'kafka-rest-gateway')
  }

  async installedBytes(): Promise<number> {
    const { stdout } = await run('du', ['-sb', join(this.folder, 'node_modules')])
    return Number.parseInt(stdout, 10)
  }

  remove(): void {
    rmSync(dirname(this.folder), { recursive: true, force: true })
  }
}
