const OPEN_METRICS = 'application/openmetrics-text'
const TEXT = new Set(['text/plain', 'text/*', '*/*'])

/** Which of the two text formats a scraper prefers; the older one where it says nothing. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  let open = 0
  let text = 0
  for (const part of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = part.split(';').map(each => each.trim())
    const weight = qualityOf(parameters)
    const version = parameters.find(each => each.startsWith('version='))?.slice(8)
    if (type === OPEN_METRICS && (version === undefined || version === '1.0.0')) open = Math.max(open, weight)
    else if (TEXT.has(type)) text = Math.max(text, weight)
  }
  return open > 0 && open >= text
}

function qualityOf(parameters: readonly string[]): number {
  const stated = parameters.find(each => each.startsWith('q='))
  const quality = stated === undefined ? 1 : Number(stated.slice(2))
  return Number.isNaN(quality) ? 0 : quality
}
