/** Milliseconds to wait after so many failures before the last one: `firstMs`, doubled with each, `limitMs` at the most. */
export function growingPauseMs(failures: number, firstMs: number, limitMs: number): number {
  return Math.min(firstMs * 2 ** failures, limitMs)
}

/** Between 0.8 and 1.2 times the pause, so that not all who wait come back at once. */
export function scattered(pauseMs: number): number {
  return pauseMs * (0.8 + Math.random() * 0.4)
}
