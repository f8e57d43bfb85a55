import type { EventEmitter } from 'node:events'
import { ClientGone } from './client-gone.ts'

/** Resolves when a socket or an answer takes more bytes; rejects with ClientGone if it closes before. */
export function drained(stream: EventEmitter): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = () => {
      stream.off('close', onClose)
      resolve()
    }
    const onClose = () => {
      stream.off('drain', onDrain)
      reject(new ClientGone())
    }
    stream.once('drain', onDrain)
    stream.once('close', onClose)
  })
}
