/** Thrown when the client has left, so that no operation begins without anybody to hear of it. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}
