import { destination, type DestinationStream } from 'pino'

/** Lines are gathered into writes of this size, or for so long. */
const WRITE_CHARACTERS = 64 * 1024
const WRITE_AFTER_MS = 100
/** What several processes may write to one pipe without tearing each other's lines: PIPE_BUF of Linux. */
const ATOMIC_BYTES = 4096
/** What waits for a reader of standard output that stands still; further lines are lost. */
const LIMIT_WAITING_BYTES = 16 * 1024 * 1024

/**
 * Standard output, written in the background: one write a line would cost a sixth of a small request, and one that blocks
 * on a reader that stands still would stop the whole process. What is gathered is written before the process exits.
 *
 * @param shared other processes write there too: only whole lines are written at a time, none of more than 4096 bytes is
 *   gathered with others
 */
export function standardOutput(shared = false): DestinationStream {
  const most = shared ? { maxWrite: ATOMIC_BYTES } : {}
  const output = destination({ dest: 1, sync: false, maxLength: LIMIT_WAITING_BYTES, ...most })
  let lines = ''
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const gathered = lines
    lines = ''
    if (gathered !== '') output.write(gathered)
  }
  process.on('exit', () => {
    flush()
    output.flushSync()
  })
  return {
    write(line) {
      if (shared && Buffer.byteLength(lines) + Buffer.byteLength(line) > ATOMIC_BYTES) flush()
      lines += line
      if (lines.length >= WRITE_CHARACTERS) flush()
      else timer ??= setTimeout(flush, WRITE_AFTER_MS).unref()
    }
  }
}
