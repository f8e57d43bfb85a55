import { GatewayError } from '../core/errors.ts'

const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/

/** Throws UNSUPPORTED_MEDIA_TYPE and UNSUPPORTED_ENCODING. No media type at all counts as JSON. */
export function assertJsonBody(contentType: string | undefined, contentEncoding: string | undefined): void {
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw new GatewayError('UNSUPPORTED_ENCODING', 'The body must be sent without a content encoding.')
  }
  if (contentType === undefined || contentType === '' || contentType === 'application/json') return
  const [type, ...parameters] = contentType.split(';').map(part => part.trim().toLowerCase())
  const charset = parameters.find(parameter => parameter.startsWith('charset='))?.slice(8).replaceAll('"', '')
  if (JSON_TYPE.test(type) && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) return
  throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8, declared as application/json.')
}
