/** Something about this machine keeps development mode from starting; the message says what to do. */
export class DevError extends Error {
  override readonly name = 'DevError'
}
