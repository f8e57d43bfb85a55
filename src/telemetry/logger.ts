import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import type { Config } from '../config/schema.ts'
import type { Log, RequestLine, RequestLog } from '../core/log.ts'
import { requestLine } from './request-line.ts'
import { standardOutput } from './standard-output.ts'

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
 * Objects that may hold such a member. Spelled out, because pino's wildcards cost more than the line itself: several
 * microseconds.
 */
const HOLDERS = ['', 'headers.', 'req.headers.', 'request.headers.', 'sasl.', 'kafka.sasl.', 'graph.', 'auth.graph.']

const options = (level: LogLevel): LoggerOptions => ({
  level,
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: label => ({ level: label }) },
  redact: { paths: HOLDERS.flatMap(holder => SECRET_NAMES.map(name => holder + name)), censor: '(hidden)' }
})

/**
 * Creates a logger of JSON lines with an ISO 8601 time and the level as a word. Hides secrets under their usual names, in
 * case one is logged by mistake.
 *
 * @param output replaces standard output
 */
export const createLogger = (
  level: LogLevel,
  output: DestinationStream = standardOutput()
): Logger & Log & RequestLog => {
  const logger = pino(options(level), output)
  const { debug, info } = logger.levels.values
  return Object.assign(logger, {
    request(line: RequestLine): void {
      if (logger.levelVal <= (line.isProbe ? debug : info)) output.write(requestLine(line))
    }
  })
}
