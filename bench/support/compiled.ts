import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** What the build reads. */
const SOURCES = ['bin', 'src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'copy-docs-page.ts']

/** The program as the published package carries it. In a folder of its own: a dist/ beside the sources would be run by every row. */
export class CompiledProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kafka-rest-proxy-compiled-'))

  private constructor() {
    for (const name of SOURCES) cpSync(join(ROOT, name), join(this.#folder, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  static async make(): Promise<CompiledProgram> {
    const program = new CompiledProgram()
    try {
      await run('npm', ['run', 'build'], { cwd: program.#folder })
      return program
    } catch (error) {
      program.remove()
      throw error
    }
  }

  get file(): string {
    return join(this.#folder, 'bin', 'kafka-rest-proxy.js')
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
