import { closeSync, constants, openSync } from 'node:fs'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'
import { LineOutput } from './line-output.ts'
import { say, standardOutput } from './standard-output.ts'

/** The output for audit lines. */
export interface AuditStream {
  /** Writes one JSON object with its line break. */
  write(line: string): void
  /** Whether writing fails now, so that lines are queued or lost. */
  readonly failing: boolean
  /** Number of lines dropped. */
  readonly lost: number
  close(): void
}

/** Limit of the lines that wait for room on the disk. Further lines are lost. */
const LIMIT_WAITING_BYTES = 4 * 1024 * 1024
/** At the exit, for a reader of a named pipe. */
const CLOSE_TIMEOUT_MS = 1000
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
const OWNER_ONLY = 0o600
/** Tells audit lines from log lines on the same output. */
const MARK = '{"log":"audit",'

/**
 * Opens the audit log: a file to append to, or standard output if `output` is `stdout`. A line is written before `write`
 * returns, so that it survives a crash of the process. Throws if the file cannot be opened.
 */
export function openAuditStream(output: string, log: Log): AuditStream {
  return output === 'stdout' ? new MarkedLines() : new AuditFile(output, log)
}

class MarkedLines implements AuditStream {
  readonly #output = standardOutput()

  get failing(): boolean {
    return this.#output.failing
  }

  get lost(): number {
    return this.#output.lost
  }

  write(line: string): void {
    this.#output.writeNow(MARK + line.slice(1))
  }

  close(): void {
    // Standard output stays open as long as the process lives.
  }
}

class AuditFile implements AuditStream {
  readonly #file: string
  readonly #fd: number
  readonly #output: LineOutput
  readonly #complaints: RepeatedWarnings
  #reason = ''

  constructor(file: string, log: Log) {
    this.#file = file
    this.#fd = openSync(file, FLAGS, OWNER_ONLY)
    this.#complaints = new RepeatedWarnings(log, undefined, 'error')
    this.#output = new LineOutput({
      fd: this.#fd,
      limitBytes: LIMIT_WAITING_BYTES,
      writeBytes: LIMIT_WAITING_BYTES,
      background: false,
      onFailure: reason => (this.#reason = reason),
      onRecovery: lost => this.#complaints.over('audit', { file, lost }, 'The audit log can be written again'),
      onAbandoned: (reason, lost) => say(`the last ${lost} lines of the audit log ${file} are lost: ${reason}`)
    })
  }

  get failing(): boolean {
    return this.#output.failing
  }

  get lost(): number {
    return this.#output.lost
  }

  write(line: string): void {
    this.#output.write(line)
    if (!this.#output.failing) return
    const fields = { file: this.#file, reason: this.#reason, lost: this.#output.lost }
    this.#complaints.warn('audit', fields, 'THE AUDIT LOG CANNOT BE WRITTEN: 4 MiB of lines wait, others are lost')
  }

  close(): void {
    this.#output.close(CLOSE_TIMEOUT_MS)
    closeSync(this.#fd)
  }
}
