/** One side of an exchange of messages that ends with both sides convinced. */
export interface SaslConversation {
  first(): Buffer | Promise<Buffer>
  /** The answer to what the broker said, null where nothing is left to say. Throws where the broker did not convince. */
  next(challenge: Buffer): Buffer | null | Promise<Buffer | null>
}
