/** Returns the back-off after `failures` earlier failures in a row: `firstMs`, doubled with each, at most `limitMs`. */
export function growingPauseMs(failures: number, firstMs: number, limitMs: number): number {
  return Math.min(firstMs * 2 ** failures, limitMs)
}

/** Returns 0.8 to 1.2 times the pause, so that not all retry at once. */
export function scattered(pauseMs: number): number {
  return pauseMs * (0.8 + Math.random() * 0.4)
}
