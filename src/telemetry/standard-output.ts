import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'
import { LineOutput } from './line-output.ts'

/** Lines are gathered into writes of this size, or for so long. */
const WRITE_CHARACTERS = 64 * 1024
const WRITE_AFTER_MS = 100
/** What several processes may write to one pipe without tearing each other's lines: PIPE_BUF of Linux. */
const ATOMIC_BYTES = 4096
/** What waits for a reader of standard output that stands still; further lines are lost. */
const LIMIT_WAITING_BYTES = 16 * 1024 * 1024
/** At the end of the process, for a reader that has not read everything yet. */
const CLOSE_TIMEOUT_MS = 1000

export interface StandardOutput extends DestinationStream {
  /** Lines that were not written and never will be. */
  readonly lost: number
  /** Nothing can be written now. */
  readonly failing: boolean
  write(line: string): void
  /** The same, and unless the output fails the line is written when this returns. */
  writeNow(line: string): void
}

let standard: StandardOutput | undefined

/**
 * Standard output, of which a process has one. Lines are gathered: one write a line would cost a sixth of a small request.
 * A reader that stands still, or a full disk, stops nothing: lines wait, then are lost, and standard error says so. What is
 * left when the process exits is written, for a second at most.
 *
 * @param shared other processes write there too: only whole lines are written at a time, none of more than 4096 bytes is
 *   gathered with others. The first call decides.
 */
export function standardOutput(shared = false): StandardOutput {
  return (standard ??= open(shared))
}

/** Begins each line, a JSON object, with the name of the worker that writes it. */
export function namedLines(output: DestinationStream, worker: string): DestinationStream {
  const start = `{"worker":${JSON.stringify(worker)},`
  return { write: line => output.write(start + line.slice(1)) }
}

/** Lines of the log that were not written and never will be. */
export function lostLogLines(): number {
  return standard?.lost ?? 0
}

function open(shared: boolean): StandardOutput {
  const background = fstatSync(1).isFile()
  const output = new LineOutput({
    fd: background ? 1 : nonBlocking(1),
    limitBytes: LIMIT_WAITING_BYTES,
    writeBytes: shared ? ATOMIC_BYTES : WRITE_CHARACTERS,
    background,
    onFailure: reason =>
      say(`standard output cannot be written (${reason}): the log waits, and beyond 16 MiB lines are lost`),
    onRecovery: lost => output.write(recoveryLine(lost)),
    onAbandoned: (reason, lost) => say(`the last ${lost} lines of the log are lost: ${reason}`)
  })
  const gathered = new Gathered(output, shared)
  process.on('exit', () => {
    gathered.flush()
    output.close(CLOSE_TIMEOUT_MS)
  })
  return gathered
}

class Gathered implements StandardOutput {
  readonly #output: LineOutput
  readonly #shared: boolean
  #lines = ''
  #timer: NodeJS.Timeout | undefined

  constructor(output: LineOutput, shared: boolean) {
    this.#output = output
    this.#shared = shared
  }

  get lost(): number {
    return this.#output.lost
  }

  get failing(): boolean {
    return this.#output.failing
  }

  write(line: string): void {
    if (this.#shared && Buffer.byteLength(this.#lines) + Buffer.byteLength(line) > ATOMIC_BYTES) this.flush()
    this.#lines += line
    if (this.#lines.length >= WRITE_CHARACTERS) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS).unref()
  }

  writeNow(line: string): void {
    this.flush()
    this.#output.writeNow(line)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#lines
    this.#lines = ''
    if (lines !== '') this.#output.write(lines)
  }
}

/**
 * A descriptor for the same pipe, socket or terminal that does not block. Opened anew where that is possible, because the
 * mode belongs to everybody who shares a descriptor, and starting a child process sets it back (libuv's
 * uv__process_child_init). Sockets cannot be opened anew: for them Node's own stream sets the mode.
 */
function nonBlocking(fd: 1 | 2): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    void (fd === 1 ? process.stdout : process.stderr)
    return fd
  }
}

let standardError: number | undefined

/** Says on standard error what the log cannot. If that is full too, nobody can be told. */
export function say(text: string): void {
  try {
    standardError ??= fstatSync(2).isFile() ? 2 : nonBlocking(2)
    writeSync(standardError, `kafka-rest-proxy: ${text}\n`)
  } catch {
    // There is nowhere left to say it.
  }
}

function recoveryLine(lost: number): string {
  const fields = { level: 'warn', time: new Date().toISOString(), lost }
  return `${JSON.stringify({ ...fields, msg: 'Standard output can be written again; `lost` lines are missing' })}\n`
}
