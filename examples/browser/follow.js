/**
 * Follows a topic in a browser, through restarts of the gateway and breaks of the network. `EventSource` cannot send a token,
 * so this reads the event stream with `fetch`, and does what `EventSource` does: it keeps the last `id`, and after a break goes on
 * behind it. No record is left out; the few of the last moment may come twice.
 */

/** A refusal that trying again does not change: no token, no permission, no such topic. */
export class Refused extends Error {
  name = 'Refused'
}

/**
 * Calls `onRecord` with each record, `{topic, partition, offset, key, value, …}`, until `signal` aborts. Rejects with a Refused.
 *
 * @param address such as `https://kafka.example:9400/v1/consumer/topics/orders/records?from=latest`
 * @param token an access token or an API key
 */
export async function follow({ address, token, onRecord, onState = () => {}, signal }) {
  let position
  let pauseMs = 1000
  for (;;) {
    if (signal?.aborted) return
    try {
      const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${token}` }
      if (position !== undefined) headers['Last-Event-ID'] = position
      const response = await fetch(address, { headers, signal, cache: 'no-store' })
      if (!response.ok) throw await failureOf(response)
      onState('following')
      for await (const event of eventsIn(response.body)) {
        if (event.retry !== undefined) pauseMs = event.retry
        if (event.type === 'failure') throw new Refused(event.data)
        // The gateway is being stopped: another one, or the next, goes on.
        if (event.type === 'end') break
        if (event.data !== undefined) onRecord(JSON.parse(event.data))
        if (event.id !== undefined) position = event.id
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof Refused) throw error
    }
    onState('waiting')
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}

async function failureOf(response) {
  const text = await response.text()
  const mayPass = response.status >= 500 || response.status === 429
  return mayPass ? new Error(text) : new Refused(text)
}

/** Yields the events of a stream as the HTML standard reads them (§9.2.6). */
async function* eventsIn(body) {
  let event = {}
  for await (const line of linesIn(body)) {
    if (line === '') {
      yield event
      event = {}
      continue
    }
    const colon = line.indexOf(':')
    // A line that begins with a colon is a comment.
    if (colon === 0) continue
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') event.data = event.data === undefined ? value : `${event.data}\n${value}`
    else if (name === 'event') event.type = value
    else if (name === 'id') event.id = value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) event.retry = Number(value)
  }
}

/** Yields whole lines only: what comes last without a line break was cut off. */
async function* linesIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop()
    yield* lines
  }
}
