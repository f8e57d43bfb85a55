import type { Worker } from 'node:cluster'

interface InternalMessage {
  readonly seq?: number
  readonly ack?: number
}

interface Handle {
  close(): void
}

/**
 * Closes the connections that `worker` was being given when it ended. node:cluster hands each over by a message, waits for its
 * acknowledgement, and forgets the connection if that never comes: its client would wait until its own time-out.
 */
export function closeLostConnections({ process: child }: Pick<Worker, 'process'>): void {
  const handedOver = new Map<number | undefined, Handle>()
  const send = Reflect.get(child, 'send')
  // In the place of the handle there may be a callback.
  Reflect.set(child, 'send', (message: InternalMessage, handle?: Handle | (() => void) | null, ...rest: unknown[]) => {
    if (typeof handle === 'object' && handle !== null) handedOver.set(message.seq, handle)
    return Reflect.apply(send, child, [message, handle, ...rest]) as unknown
  })
  child.on('internalMessage', ({ ack }: InternalMessage) => handedOver.delete(ack))
  child.once('exit', () => {
    for (const handle of handedOver.values()) handle.close()
  })
}
