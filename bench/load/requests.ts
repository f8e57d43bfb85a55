import type { RawResponse } from './raw-client.ts'

export interface RequestOptions {
  readonly token: string
  readonly body?: string
  /** Of the body; JSON where left out. */
  readonly contentType?: string | undefined
  readonly accept?: string
}

/** A finished request; without authorization where the token is empty. */
export function requestBytes(method: string, path: string, options: RequestOptions): Buffer {
  const { token, body, contentType = 'application/json', accept } = options
  const lines = [`${method} ${path} HTTP/1.1`, 'host: localhost']
  if (token !== '') lines.push(`authorization: Bearer ${token}`)
  if (accept !== undefined) lines.push(`accept: ${accept}`)
  if (body !== undefined) lines.push(`content-type: ${contentType}`, `content-length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
}

export function pagePath(topic: string, partition: number, offset: number, count: number, query = ''): string {
  return `/v1/consumer/topics/${topic}/partitions/${partition}/offsets/${offset}?count=${count}${query}`
}

export function expectSuccess(response: RawResponse): RawResponse {
  const { status, body } = response
  if (status < 200 || status > 299)
    throw new Error(`The answer was ${status}${body === null ? '' : `: ${body.toString().slice(0, 300)}`}.`)
  return response
}
