/** The client's side of one SASL mechanism. */
export interface SaslConversation {
  first(): Buffer | Promise<Buffer>
  /** Returns the reply to a challenge; null if none is due. Throws if the broker refuses, or does not prove who it is. */
  next(challenge: Buffer): Buffer | null | Promise<Buffer | null>
}
