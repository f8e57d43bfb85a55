import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** The value of a metric of the management listener, named with its labels; NaN when it is not there. */
export async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text.split('\n').find(each => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

/** Resolves when so many requests have begun and not ended. */
export async function untilUnderWay(port: number, requests: number): Promise<void> {
  for (const end = Date.now() + 10_000; (await metric(port, 'kafka_rest_requests_in_flight')) !== requests;) {
    assert.ok(Date.now() < end, `not ${requests} requests under way`)
    await sleep(20)
  }
}
