/** No client has so much to say: a longer field is not read, and the plain body is sent. */
const LIMIT_CHARACTERS = 1024

/**
 * True when the client prefers gzip to the plain body, or takes it as gladly (RFC 9110 §12.5.3): weight 0 refuses a coding,
 * `*` stands for those not named, and the plain body (`identity`) is always there unless its weight says more.
 */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (header === undefined || header.length > LIMIT_CHARACTERS) return false
  const weights = new Map<string, number>()
  for (const part of String(header).split(',')) {
    const [coding, ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0)
}
