import { GatewayError } from '../../../core/errors.ts'

/** Makes the error that ends a stream whose client reads nothing. */
export const streamStalled = (streamStallMs: number): GatewayError =>
  new GatewayError('STREAM_STALLED', `The client has taken no answer for ${streamStallMs} ms.`)
