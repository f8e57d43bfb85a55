import type { Connection } from './connections.ts'
import type { Allowance } from './quotas/allowance.ts'

/** Runs a wait for records as one of the caller's waits. Calls `leave` as {@link onceClientLeaves} does. Rejects with QUOTA_EXCEEDED. */
export async function waitAs(
  allowance: Allowance | undefined,
  connection: Connection,
  leave: () => void,
  wait: () => Promise<void>
): Promise<void> {
  allowance?.occupy('waits')
  const forget = onceClientLeaves(connection, leave)
  try {
    await wait()
  } finally {
    forget()
    allowance?.endWait()
  }
}

/** Calls `leave` once the client closes its side of the connection: it has left, as a rule. Returns what forgets that. */
export function onceClientLeaves(
  { socket, inputEnded }: Pick<Connection, 'socket' | 'inputEnded'>,
  leave: () => void
): () => void {
  socket.once('end', leave)
  if (inputEnded) leave()
  return () => void socket.off('end', leave)
}
