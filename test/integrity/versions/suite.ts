import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const PATTERNS = [
  'test/features/v1/*.test.ts',
  'test/features/v2/*.test.ts',
  'test/features/interop/*.test.ts',
  'test/kafka/groups/members.test.ts',
  'test/gateway/instances/consumers.test.ts',
  'test/gateway/instances/rescue.test.ts',
  'test/integrity/a-dead-gateway-holds-up-no-group.long.ts',
  'test/gateway/instances/takeover.test.ts',
  'test/integrity/a-killed-gateway-costs-no-instance.test.ts'
]

export interface Summary {
  readonly passed: number
  /** Those that were cancelled included. */
  readonly failed: number
  readonly skipped: number
  /** Names of what failed; a line about the run itself where that is what failed. */
  readonly failures: readonly string[]
}

/** Runs the tests of the API and those beside Apache's Java client against a broker. Counts are told as they come. */
export async function runTests(
  bootstrap: string,
  clientLibs: string,
  tmpDir: string,
  signal: AbortSignal,
  say: (line: string) => void
): Promise<Summary> {
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-timeout=180000', ...PATTERNS], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: tmpDir, KAFKA_REST_TEST_BOOTSTRAP: bootstrap, KAFKA_REST_TEST_LIBS: clientLibs }
  })
  const end = () => void child.kill()
  signal.addEventListener('abort', end)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line)
    if (line.startsWith('ℹ ')) say(line)
  })
  const status = await new Promise<number | null>(resolve => child.once('close', resolve))
  signal.removeEventListener('abort', end)
  return summaryOf(lines, status)
}

/** Of what node:test's `spec` reporter printed, and the status that it ended with. */
export function summaryOf(lines: readonly string[], status: number | null): Summary {
  const counts = new Map<string, number>()
  const failures = new Set<string>()
  for (const line of lines) {
    const [, name, count] = /^ℹ (pass|fail|cancelled|skipped) (\d+)$/.exec(line) ?? []
    if (name !== undefined) counts.set(name, Number(count))
    const [, broken] = /^\s*✖ (.+?)(?: \([\d.]+ms\))?$/.exec(line) ?? []
    if (broken !== undefined && broken !== 'failing tests:') failures.add(broken)
  }
  const [passed, failed, cancelled, skipped] = ['pass', 'fail', 'cancelled', 'skipped'].map(
    name => counts.get(name) ?? 0
  )
  // A runner that was killed prints no counts, and one that found no test prints zeros: neither has passed.
  if (status !== 0) failures.add(`node --test ended with ${String(status)}`)
  else if (passed === 0) failures.add('no test passed')
  return { passed, failed: failed + cancelled, skipped, failures: [...failures] }
}
