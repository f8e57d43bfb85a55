/** What a process holds, as its management listener tells. */
export interface Reading {
  readonly residentMb: number
  readonly heapMb: number
  /** Sockets, timers and the like that keep the process. */
  readonly resources: number
  readonly connections: number
}

export async function read(managementPort: number): Promise<Reading> {
  const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text()
  const value = (sample: string) => {
    const line = text.split('\n').find(each => each.startsWith(`${sample} `))
    return Number(line?.slice(sample.length + 1))
  }
  return {
    residentMb: value('kafka_rest_memory_bytes{kind="resident"}') / 1e6,
    heapMb: value('kafka_rest_memory_bytes{kind="heap_used"}') / 1e6,
    resources: value('kafka_rest_active_resources'),
    connections: value('kafka_rest_open_connections')
  }
}

/** How much a value grows from one reading to the next, by least squares. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let [covariance, variance] = [0, 0]
  for (const [at, value] of values.entries()) {
    covariance += (at - middle) * (value - mean)
    variance += (at - middle) ** 2
  }
  return covariance / variance
}
