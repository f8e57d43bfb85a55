import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../../bin/kafka-rest-gateway.js', import.meta.url))

export interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program to its end, with no variable of the gateway but those given. */
export const kafkaRestProxy = async (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> => {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_REST_')))
  const child = spawn(process.execPath, [BIN, ...argv], { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { exitCode, stdout, stderr }
}
