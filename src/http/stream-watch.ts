import type { Authenticator } from '../auth/authenticator.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from './exchange.ts'

/** A stream is recorded, and its caller judged again, each time that it has lasted so long. */
const PERIOD_MS = 60_000
/** Time for the handler to end a stream in its own words. */
const LAST_WORDS_MS = 5000

/**
 * Watches a stream while it lasts: calls `record` each minute, and ends the stream if its credential no longer counts, or a rule was taken away. A
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
    exchange.principal = await authenticator.authenticate(exchange)
    const { route, params } = exchange
    if (typeof route?.permission !== 'object') return
    const { operation, resource } = route.permission
    exchange.permit(operation, resource, resource.nameIn(params))
  } catch (error) {
    // 404 is what a caller gets who may not even see the topic.
    if (!(error instanceof GatewayError) || ![401, 403, 404].includes(error.status)) return
    exchange.code = error.code
    exchange.resultStatus = error.status
    exchange.stop(error)
    setTimeout(() => {
      if (!exchange.ended) exchange.response.destroy()
    }, LAST_WORDS_MS).unref()
  }
}
