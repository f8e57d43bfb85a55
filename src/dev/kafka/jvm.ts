import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LOG_CONFIG = fileURLToPath(new URL('../../../local-kafka/log4j2.properties', import.meta.url))

/**
 * Starts Java, writes its process id to descriptor 3, and kills it when standard input ends, as it does when the parent ends
 * for whatever reason. Runs in its own process group, so that Ctrl-C in a terminal reaches the parent only.
 */
const WATCHDOG =
  '"$@" 3>&- & pid=$!; echo $pid >&3; exec 4<&0; (cat <&4 >/dev/null; kill -KILL $pid 2>/dev/null) & wait $pid'

/** A Java process that cannot outlive this one. */
export interface Jvm {
  readonly pid: number
  readonly exited: Promise<void>
  readonly running: boolean
  signal(name: NodeJS.Signals): void
}

export interface JvmOptions {
  readonly libs: string
  readonly heapMb: number
  readonly mainClass: string
  readonly args: readonly string[]
  /** Flags of the JVM. */
  readonly flags?: readonly string[]
  /** File for its output. */
  readonly logFile: string
}

export async function startJvm({ libs, heapMb, mainClass, args, flags = [], logFile }: JvmOptions): Promise<Jvm> {
  const log = openSync(logFile, 'a')
  const java = [
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    ...flags,
    `-Dlog4j2.configurationFile=${LOG_CONFIG}`,
    '-cp',
    join(libs, '*'),
    mainClass,
    ...args
  ]
  const child: ChildProcess = spawn('sh', ['-c', WATCHDOG, 'sh', 'java', ...java], {
    stdio: ['pipe', log, log, 'pipe'],
    detached: true
  })
  closeSync(log)
  const pid = await readPid(child)
  let running = true
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => {
      running = false
      child.stdin?.destroy()
      resolve()
    })
  })
  child.unref()
  return {
    pid,
    exited,
    get running() {
      return running
    },
    signal(name) {
      if (running) process.kill(pid, name)
    }
  }
}

function readPid(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdio[3]?.once('data', (text: Buffer) => resolve(Number(text.toString())))
  })
}

/** Runs a Java program and returns its output. Rejects with the output if it fails. */
export async function runJava(libs: string, mainClass: string, args: readonly string[]): Promise<string> {
  const child = spawn('java', [
    '-Xmx256m',
    `-Dlog4j2.configurationFile=${LOG_CONFIG}`,
    '-cp',
    join(libs, '*'),
    mainClass,
    ...args
  ])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (status !== 0) throw new Error(`${mainClass} ended with ${status}:\n${output}`)
  return output
}
