import { TransportError } from './transport-error.ts'

/** The answer that `send` hands to its callback, as a promise, which rejects with the error in its place. */
export function promised(
  send: (callback: (error: Error | null, answer: Buffer | null) => void) => void
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    send((error, answer) => {
      if (answer === null) reject(error ?? new TransportError('no answer', true))
      else resolve(answer)
    })
  })
}
