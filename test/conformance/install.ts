import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client } from './clients.ts'

/** For one client, with all that it needs. */
const TIMEOUT_MS = 170_000

/** How an installed client is run. */
export interface Installed {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

/** Says why a client is not tried. */
export class NotInstalled extends Error {}

/** Installs a client into a folder of its own, so that nothing of this machine is changed. Throws NotInstalled. */
export async function install({ name, more = [], pythons }: Client, folder: string): Promise<Installed> {
  mkdirSync(folder, { recursive: true })
  if (pythons === undefined) {
    await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', name])
    return { command: process.execPath, env: {} }
  }
  // Asks the package itself which Python it needs: one that is too old finds no such version.
  let refused = new NotInstalled(`none of ${pythons.join(', ')} is here`)
  for (const python of pythons.flatMap(commandsFor)) {
    try {
      const options = ['--quiet', '--disable-pip-version-check', '--no-warn-script-location']
      await run(python, ['-m', 'pip', 'install', ...options, '--target', folder, name, ...more])
      return { command: python, env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' } }
    } catch (error) {
      refused = error as NotInstalled
    }
  }
  throw refused
}

/** Returns the commands that run as this Python; pyenv has versions that are not on the path. */
function commandsFor(name: string): string[] {
  const root = process.env.PYENV_ROOT ?? join(homedir(), '.pyenv')
  const version = name.replace('python', '')
  const hidden = versionsIn(join(root, 'versions'))
    .filter(each => each.startsWith(`${version}.`))
    .map(each => join(root, 'versions', each, 'bin', 'python'))
  return [name, ...(version.includes('.') ? hidden : [])].filter(
    command => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
  )
}

function versionsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: TIMEOUT_MS })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    child.on('error', error => reject(new NotInstalled(error.message)))
    child.on('close', status => {
      if (status === 0) return resolve()
      const lines = complaint.split('\n').filter(line => /error/i.test(line))
      reject(new NotInstalled(`${command}: ${lines.at(-1) ?? `status ${status}`}`))
    })
  })
}
