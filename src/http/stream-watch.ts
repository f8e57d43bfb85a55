import type { Authenticator } from '../auth/authenticator.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from './exchange.ts'

/** A stream is recorded, and its caller judged again, each time that it has lasted so long. */
const PERIOD_MS = 60_000
/** Time for the handler to end a stream in its own words. */
const LAST_WORDS_MS = 5000

/**
 * Watches a stream while it lasts: calls `record` each minute, and ends the stream if its credential no longer counts. A
 * provider that does not answer ends nothing. Returns a function that stops the watch.
 */
export function watchStream(
  exchange: Exchange,
  authenticator: Pick<Authenticator, 'authenticate'>,
  record: (exchange: Exchange) => void
): () => void {
  const timer = setInterval(() => {
    record(exchange)
    void judgeAgain(exchange, authenticator)
  }, PERIOD_MS).unref()
  return () => clearInterval(timer)
}

async function judgeAgain(exchange: Exchange, authenticator: Pick<Authenticator, 'authenticate'>): Promise<void> {
  try {
    await authenticator.authenticate(exchange)
  } catch (error) {
    if (!(error instanceof GatewayError) || (error.status !== 401 && error.status !== 403)) return
    exchange.code = error.code
    exchange.resultStatus = error.status
    exchange.stop('refused')
    setTimeout(() => {
      if (!exchange.ended) exchange.response.destroy()
    }, LAST_WORDS_MS).unref()
  }
}
