/** Development mode cannot start on this machine. The message says what to do. */
export class DevError extends Error {
  override readonly name = 'DevError'
}
