import { TransportError } from './transport-error.ts'

/** Turns the callback of `send` into a promise. */
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
