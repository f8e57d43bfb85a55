import { readFileSync } from 'node:fs'

/** `utime` and `stime` in /proc are counted in these (USER_HZ). */
const TICKS_PER_SECOND = 100

/** Processor time that a process has used so far. */
export function cpuUsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
}
