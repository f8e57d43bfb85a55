import type { BodyFlow, PieceTaker } from './call.ts'
import type { RequestBody } from './messages.ts'

/** A request whose body is received. */
export interface Reception {
  readonly requestBody: RequestBody
  bytesIn: number
}

/** Passes a body on piece by piece, without a limit of time, as fast as its taker lets it flow. */
export function receiveBody(reception: Reception, taker: PieceTaker): BodyFlow {
  const { requestBody } = reception
  if (Buffer.isBuffer(requestBody)) throw new Error('A route that receives a stream was reached by the direct path')
  const { request } = requestBody
  request.on('data', (piece: Buffer) => {
    reception.bytesIn += piece.length
    taker.piece(piece)
  })
  // Comes only if the body is complete.
  request.once('end', () => taker.end())
  return {
    pause: () => void request.pause(),
    resume: () => void request.resume()
  }
}
