import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { RefusedCredentials } from './refused-credentials.ts'
import type { SaslConversation } from './sasl-conversation.ts'

const derive = promisify(pbkdf2)
/** The least is RFC 7677's. The most keeps a server from occupying the gateway for long. */
const ITERATIONS = { least: 4096, most: 1_000_000 }
/** No channel binding, no authorization identity. */
const HEADER = 'n,,'
const NONCE_BYTES = 24

export type ScramHash = 'sha256' | 'sha512'

/**
 * SCRAM-SHA-256 and SCRAM-SHA-512: proves that both sides know the password, without sending it.
 * @see RFC 5802, RFC 7677; names and passwords are taken as UTF-8, as Kafka's own client does, without SASLprep
 */
export class Scram implements SaslConversation {
  readonly #hash: ScramHash
  readonly #password: string
  readonly #nonce: string
  readonly #firstBare: string
  #serverSignature: Buffer | null = null

  /** `nonce` is given by tests only, to compare with known exchanges. */
  constructor(
    hash: ScramHash,
    username: string,
    password: string,
    nonce = randomBytes(NONCE_BYTES).toString('base64url')
  ) {
    this.#hash = hash
    this.#password = password
    this.#nonce = nonce
    this.#firstBare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  }

  first(): Buffer {
    return Buffer.from(HEADER + this.#firstBare)
  }

  async next(challenge: Buffer): Promise<Buffer | null> {
    const text = challenge.toString()
    const attributes = new Map(text.split(',').map(attribute => [attribute.slice(0, 2), attribute.slice(2)]))
    const failure = attributes.get('e=')
    if (failure !== undefined) throw new RefusedCredentials(`SASL authentication failed: ${failure}`)
    if (this.#serverSignature === null) return this.#prove(text, attributes)
    const signature = Buffer.from(attributes.get('v=') ?? '', 'base64')
    if (signature.length !== this.#serverSignature.length || !timingSafeEqual(signature, this.#serverSignature))
      throw new RefusedCredentials('SASL authentication failed: the broker does not know the password', 'broker')
    return null
  }

  async #prove(serverFirst: string, attributes: ReadonlyMap<string, string>): Promise<Buffer> {
    const nonce = attributes.get('r=') ?? ''
    const salt = Buffer.from(attributes.get('s=') ?? '', 'base64')
    const iterations = Number(attributes.get('i='))
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce || salt.length === 0)
      throw new Error('SASL authentication failed: the broker did not answer what it was asked')
    if (!(iterations >= ITERATIONS.least && iterations <= ITERATIONS.most))
      throw new Error(`SASL authentication failed: the broker wants ${attributes.get('i=')} iterations`)
    const salted = await derive(this.#password, salt, iterations, this.#digest('').length, this.#hash)
    const clientKey = this.#hmac(salted, 'Client Key')
    const finalBare = `c=${Buffer.from(HEADER).toString('base64')},r=${nonce}`
    const signed = `${this.#firstBare},${serverFirst},${finalBare}`
    const clientSignature = this.#hmac(this.#digest(clientKey), signed)
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), signed)
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ clientSignature[at]))
    return Buffer.from(`${finalBare},p=${proof.toString('base64')}`)
  }

  #digest(bytes: Buffer | string): Buffer {
    return createHash(this.#hash).update(bytes).digest()
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest()
  }
}
