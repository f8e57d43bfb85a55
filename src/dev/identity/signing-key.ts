import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { exportJWK, SignJWT, type JWK, type JWTPayload } from 'jose'

/** The key that signs tokens. Kept in a file, so that tokens outlive a restart. */
export class SigningKey {
  readonly keyId: string
  readonly #key: KeyObject

  private constructor(keyId: string, key: KeyObject) {
    this.keyId = keyId
    this.#key = key
  }

  static generate(): SigningKey {
    return new SigningKey(randomUUID(), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  }

  static keptIn(file: string): SigningKey {
    if (existsSync(file)) {
      const { keyId, pem } = JSON.parse(readFileSync(file, 'utf8')) as { keyId: string; pem: string }
      return new SigningKey(keyId, createPrivateKey(pem))
    }
    const made = SigningKey.generate()
    mkdirSync(dirname(file), { recursive: true })
    const pem = made.#key.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(file, JSON.stringify({ keyId: made.keyId, pem }), { mode: 0o600 })
    return made
  }

  async publicJwk(): Promise<JWK> {
    const { kty, n, e } = await exportJWK(this.#key)
    return { kty: kty ?? 'RSA', n: n ?? '', e: e ?? '', kid: this.keyId, use: 'sig', alg: 'RS256' }
  }

  sign(claims: JWTPayload): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: this.keyId, typ: 'JWT' }).sign(this.#key)
  }
}
