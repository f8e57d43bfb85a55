import { GatewayError } from '../core/errors.ts'

export const shuttingDown = (): GatewayError => new GatewayError('SHUTTING_DOWN', 'The gateway is being stopped.')

/** Returns the error that ends a stream for this reason, an `EndReason`; undefined if its client has left. */
export function lastWords(reason: unknown): GatewayError | undefined {
  if (reason instanceof GatewayError) return reason
  return reason === 'stopping' ? shuttingDown() : undefined
}
