import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** Not read by the build, and large. */
const LEFT_OUT = new Set(['node_modules', '.git', '.local', 'dist'])

/**
 * A checkout's program, compiled as the published package carries it. It is built in a copy of the checkout, because a dist/
 * beside the sources would be run instead of them.
 */
export class CompiledProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-compiled-'))
  readonly #root: string

  private constructor(root: string) {
    this.#root = root
    for (const name of readdirSync(root).filter(each => !LEFT_OUT.has(each)))
      cpSync(join(root, name), join(this.#folder, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  /** `root` is a checkout with its dependencies installed. */
  static async make(root: string): Promise<CompiledProgram> {
    const program = new CompiledProgram(root)
    try {
      await run('npm', ['run', 'build'], { cwd: program.#folder })
      return program
    } catch (error) {
      program.remove()
      throw error
    }
  }

  get file(): string {
    return programOf(this.#folder)
  }

  /** The checkout's own program, which runs from its sources. */
  get sources(): string {
    return programOf(this.#root)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function programOf(folder: string): string {
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  return join(folder, Object.values(bin)[0])
}
