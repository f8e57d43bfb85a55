import { execFileSync } from 'node:child_process'
import { chromium, type Browser } from 'playwright-core'

/** The browser on this machine, if there is one. */
export const browserPath = ['chromium', 'chromium-browser', 'google-chrome'].map(pathOf).find(path => path !== '')

/** Why tests in a browser are skipped; false if they are not. */
export const skipWithoutBrowser = browserPath === undefined && 'no chromium on PATH (Debian: apt-get install chromium)'

function pathOf(program: string): string {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(browserPath === undefined ? {} : { executablePath: browserPath }),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP localhost 127.0.0.1'],
    timeout: 30_000
  })
