import { type DestinationStream, destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import type { Config } from '../config/schema.ts'
import type { Log } from '../core/log.ts'

export type { Logger } from 'pino'

export type LogLevel = Config['log']['level']

const SECRET_NAMES = [
  'authorization',
  'Authorization',
  'password',
  'secret',
  'clientSecret',
  'client_secret',
  'token',
  'accessToken',
  'access_token'
]

/**
 * Objects that may hold such a member. They are spelled out because pino's wildcards cost several microseconds a line,
 * more than the line itself.
 */
const HOLDERS = ['', 'headers.', 'req.headers.', 'request.headers.', 'sasl.', 'kafka.sasl.', 'graph.', 'auth.graph.']

const options = (level: LogLevel): LoggerOptions => ({
  level,
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: label => ({ level: label }) },
  redact: { paths: HOLDERS.flatMap(holder => SECRET_NAMES.map(name => holder + name)), censor: '(hidden)' }
})

/** Lines are gathered into writes of this size, or for so long. */
const WRITE_BYTES = 8192
const WRITE_AFTER_MS = 100
/** What waits for a reader of standard output that stands still; further lines are lost. */
const LIMIT_WAITING_BYTES = 16 * 1024 * 1024

/**
 * Standard output, written in the background: a line by itself costs a tenth of a small request, and one that blocks on a
 * reader that stands still would stop the whole process. What is gathered is written before the process exits.
 */
const standardOutput = (): DestinationStream =>
  destination({
    dest: 1,
    sync: false,
    minLength: WRITE_BYTES,
    periodicFlush: WRITE_AFTER_MS,
    maxLength: LIMIT_WAITING_BYTES
  })

/**
 * JSON lines with an ISO 8601 time and the level as a word. Nobody should log a secret; where one slips in under its
 * usual name, it is hidden.
 *
 * @param output where lines go instead of standard output
 */
export const createLogger = (level: LogLevel, output: DestinationStream = standardOutput()): Logger & Log =>
  pino(options(level), output)
