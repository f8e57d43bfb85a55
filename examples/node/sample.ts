/**
 * Creates a topic, produces, consumes and deletes it again, with nothing but `fetch`. `npm start` prints the variables:
 *
 *     TOKEN_URL=… CLIENT_ID=… CLIENT_SECRET=… SCOPE=… NODE_EXTRA_CA_CERTS=… node examples/node/sample.ts
 */
const {
  TOKEN_URL = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  SCOPE = '',
  KAFKA_REST_ENDPOINT = 'https://localhost:9400'
} = process.env

interface RecordRead {
  readonly value: string | null
}

async function accessToken(): Promise<string> {
  const form = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, grant_type: 'client_credentials', scope: SCOPE }
  const response = await fetch(TOKEN_URL, { method: 'POST', body: new URLSearchParams(form) })
  if (!response.ok) throw new Error(`No token: ${await response.text()}`)
  return ((await response.json()) as { access_token: string }).access_token
}

const authorization = `Bearer ${await accessToken()}`

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(`${KAFKA_REST_ENDPOINT}/v1/${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response
}

const topic = `sample_${Math.random().toString(36).slice(2, 9)}`
console.log('created', await (await call('PUT', `topics/${topic}`, { partition_count: 1 })).json())
const records = [{ key: 'greeting', value: 'a string' }, { value: 42 }, { value: { city: 'Reykjavík' } }]
console.log('produced', JSON.stringify(await (await call('POST', `producer/topics/${topic}`, { records })).json()))

const values: (string | null)[] = []
for (let offset = '0'; ;) {
  const page = await call('GET', `consumer/topics/${topic}/partitions/0/offsets/${offset}?count=2`)
  const read = ((await page.json()) as { records: RecordRead[] }).records
  if (read.length === 0) break
  values.push(...read.map(({ value }) => value))
  offset = page.headers.get('nextoffset') ?? offset
}
console.log('consumed', JSON.stringify(values))
console.log('partitions', JSON.stringify(await (await call('GET', `metadata/topics/${topic}/partitions`)).json()))
console.log('deleted', await (await call('DELETE', `topics/${topic}`)).json())
