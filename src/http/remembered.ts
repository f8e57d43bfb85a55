import { recent } from '../core/lib/recent.ts'

const TEXTS = 64
/** No client has more to say in one field, so a longer text is not kept. */
const LIMIT_CHARACTERS = 256

/**
 * Returns `read` with a memory for its last 64 texts: clients send the same header fields again and again. `read` depends on
 * its text alone and does not throw; its results are shared, so they must not be changed.
 */
export function remembered<T>(read: (text: string) => T): (text: string) => T {
  const results = recent<string, { readonly value: T }>(TEXTS)
  return text => {
    const known = results.get(text)
    if (known !== undefined) return known.value
    const value = read(text)
    // A copy: the text is often a slice, which would keep the whole head of its request in memory.
    if (text.length <= LIMIT_CHARACTERS) results.set(Buffer.from(text, 'utf16le').toString('utf16le'), { value })
    return value
  }
}
