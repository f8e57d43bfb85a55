import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'
import { LineOutput } from './line-output.ts'

/** Lines are gathered into writes of this size, or for this time. */
const WRITE_CHARACTERS = 64 * 1024
const WRITE_AFTER_MS = 100
/** The most that several processes can write to one pipe without mixing their lines: PIPE_BUF of Linux. */
const ATOMIC_BYTES = 4096
/** Limit of the lines that wait for a stalled reader. Further lines are lost. */
const LIMIT_WAITING_BYTES = 16 * 1024 * 1024
/** At the exit, for a reader that has not read everything yet. */
const CLOSE_TIMEOUT_MS = 1000

export interface StandardOutput extends DestinationStream {
  /** Number of lines dropped. */
  readonly lost: number
  /** Whether writing fails now. */
  readonly failing: boolean
  write(line: string): void
  /** Like {@link write}, but the line is written when this returns, unless the output fails. */
  writeNow(line: string): void
}

let standard: StandardOutput | undefined

/**
 * Returns the standard output of the process. Gathers lines, because one write a line would cost a sixth of a small request.
 * A stalled reader or a full disk stops nothing: lines wait, then are lost, and standard error says so. At the exit the rest
 * is written, for a second at most.
 *
 * @param shared whether other processes write there too: then each write holds whole lines of 4096 bytes together at most,
 *   or one longer line. The first call decides.
 */
export function standardOutput(shared = false): StandardOutput {
  return (standard ??= open(shared))
}

/** Adds the worker's name to the front of each line, a JSON object. */
export function namedLines(output: DestinationStream, worker: string): DestinationStream {
  const start = `{"worker":${JSON.stringify(worker)},`
  return { write: line => output.write(start + line.slice(1)) }
}

/** Returns the number of log lines dropped. */
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
 * Returns a non-blocking descriptor for the same pipe, socket or terminal. Opens it anew if possible, because all who share a
 * descriptor share its mode, and starting a child process resets it (libuv's uv__process_child_init). Sockets cannot be
 * opened anew: for them Node's own stream sets the mode.
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

/** Writes to standard error what the log cannot say. Does nothing if that fails too. */
export function say(text: string): void {
  try {
    standardError ??= fstatSync(2).isFile() ? 2 : nonBlocking(2)
    writeSync(standardError, `kafka-rest-gateway: ${text}\n`)
  } catch {
    // There is no other output.
  }
}

function recoveryLine(lost: number): string {
  const fields = { level: 'warn', time: new Date().toISOString(), lost }
  return `${JSON.stringify({ ...fields, msg: 'Standard output can be written again; `lost` lines are missing' })}\n`
}
