import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../', import.meta.url))
const NPM_LIMIT_MS = 90_000
/** What the build reads, besides what `files` of package.json names and npm packs anyway. */
const BUILT_FROM = ['src', 'scripts', 'tsconfig.json', 'tsconfig.build.json', '.npmrc']
const PACKED_ANYWAY = ['package.json', 'README.md', 'LICENSE']
const LINK = /\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)/g

export interface Packing {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/**
 * Packs the package into `destination`, from a copy in `folder`: a dist/ beside the sources would be run instead of them,
 * and pages that are packed must not link to files that are not, such as tests.
 */
export async function packInto(destination: string, folder: string): Promise<Packing> {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
  const packed = [...files, ...PACKED_ANYWAY].flatMap(pattern => globSync(pattern, { cwd: ROOT }))
  for (const path of [...BUILT_FROM, ...packed.filter(name => name !== 'dist')]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const isPacked = (path: string) => packed.some(each => path === each || path.startsWith(`${each}/`))
  for (const page of globSync('**/*.md', { cwd: folder, exclude: ['node_modules'] })) {
    const text = readFileSync(join(folder, page), 'utf8')
    writeFileSync(join(folder, page), withoutDeadLinks(text, dirname(page), isPacked))
  }
  const { stdout } = await npm(folder, ['pack', '--json', '--pack-destination', destination])
  const [packing] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as Packing[]
  return packing
}

/** Leaves the text of a link whose target is not packed. */
function withoutDeadLinks(page: string, folder: string, isPacked: (path: string) => boolean): string {
  return page.replaceAll(LINK, (link, text: string, target: string) =>
    isPacked(normalize(join(folder, target)).replace(/\/$/, '')) ? link : text
  )
}

/** Runs npm without the variables that npm itself sets for its scripts: it would take them for this run's own. */
export function npm(cwd: string, argv: readonly string[]): Promise<{ stdout: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)/.test(name)))
  return run('npm', argv, { cwd, env, timeout: NPM_LIMIT_MS, maxBuffer: 2 ** 26 })
}
