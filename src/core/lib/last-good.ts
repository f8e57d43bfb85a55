/**
 * Returns a function that calls `read` each time, and returns the last result if that throws. For files that are replaced
 * while they are in use: one may be half written, or one of two be new already.
 */
export function lastGood<T>(first: T, read: () => T): () => T {
  let last = first
  return () => {
    try {
      last = read()
    } catch {
      // If it stays so, whoever is shown the old value refuses it once it has expired.
    }
    return last
  }
}
