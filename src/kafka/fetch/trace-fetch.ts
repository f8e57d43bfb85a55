import type { ReadRequest } from './read-request.ts'

/** Adds a Fetch and its answer to the request's trace, if it is traced. */
export function traceFetch(
  { topic, partition, trace }: ReadRequest,
  broker: number,
  askedMs: number,
  errorCode: number
): void {
  if (trace === undefined) return
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.operation.type': 'receive',
    'kafka.broker.id': broker,
    'kafka.error_code': errorCode
  }
  trace.did('Fetch', askedMs, performance.now(), attributes, errorCode !== 0)
}
