import type { Connection } from './connections.ts'
import type { Allowance } from './quotas/allowance.ts'

/**
 * Runs a wait for records as one of the caller's waits. Calls `leave` if the client closes its side of the connection: it has
 * left, as a rule. Rejects with QUOTA_EXCEEDED.
 */
export async function waitAs(
  allowance: Allowance | undefined,
  { socket, inputEnded }: Connection,
  leave: () => void,
  wait: () => Promise<void>
): Promise<void> {
  allowance?.occupy('waits')
  socket.once('end', leave)
  if (inputEnded) leave()
  try {
    await wait()
  } finally {
    socket.off('end', leave)
    allowance?.endWait()
  }
}
