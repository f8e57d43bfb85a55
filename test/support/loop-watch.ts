/**
 * Returns the processor time, in milliseconds, of the longest turn that the event loop makes while `work` is under way. It is that
 * of this thread alone: what else a busy machine does is not in it, unlike in a measurement by the clock.
 */
export async function longestTurnMs(work: Promise<unknown>): Promise<number> {
  let longestUs = 0
  let usedUs = threadCpuUs()
  let watching = true
  const turn = () => {
    const nowUs = threadCpuUs()
    longestUs = Math.max(longestUs, nowUs - usedUs)
    usedUs = nowUs
    if (watching) setImmediate(turn)
  }
  setImmediate(turn)
  try {
    await work
  } finally {
    watching = false
    turn()
  }
  return longestUs / 1000
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
