import type { Credentials } from '../../src/auth/credentials.ts'

/** What a request with this `Authorization` header shows of its caller. */
export function sent(authorization: string | undefined, more: Partial<Credentials> = {}): Credentials {
  const headers = authorization === undefined ? {} : { authorization }
  return { address: '127.0.0.1', target: '/v1/metadata/topics', ...more, headers: { ...headers, ...more.headers } }
}
