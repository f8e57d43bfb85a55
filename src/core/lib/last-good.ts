/**
 * Returns a function that calls `read` each time, and returns the last result if that throws. For files that are replaced
 * while in use: one may be half written, or only one of two be new.
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
