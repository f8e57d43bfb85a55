import { relative } from 'node:path'
import { appWithGroups, RESOURCE, TENANT_ID } from './identity/directory.ts'

export interface PasteOptions {
  readonly gatewayUrl: string
  readonly tokenUrl: string
  readonly caFile: string
}

/** Returns shell lines for a first try with an API key: create a topic, produce, read, list topics. */
export function pasteLines({ gatewayUrl, caFile }: Omit<PasteOptions, 'tokenUrl'>, apiKey: string): string[] {
  const ca = shellWord(relative(process.cwd(), caFile))
  const curl = `curl --cacert ${ca} -H "Authorization: Bearer $TOKEN"`
  const json = `-H 'Content-Type: application/json'`
  return [
    `TOKEN=${apiKey}`,
    `${curl} -X PUT ${gatewayUrl}/v1/topics/hello ${json} -d '{"partition_count":1}'`,
    `${curl} ${gatewayUrl}/v1/producer/topics/hello ${json} -d '{"records":[{"key":"k1","value":"text"},{"value":{"any":["JSON",1.0]}}]}'`,
    `${curl} -i '${gatewayUrl}/v1/consumer/topics/hello/partitions/0/offsets/0?count=10'`,
    `${curl} ${gatewayUrl}/v1/metadata/topics`
  ]
}

/** Returns the variables that the programs in `examples/` read, for an application that is let in. */
export function exampleVariables({ gatewayUrl, tokenUrl, caFile }: PasteOptions): Readonly<Record<string, string>> {
  const { clientId, clientSecret } = appWithGroups
  return {
    KAFKA_REST_ENDPOINT: gatewayUrl,
    TENANT_ID,
    TOKEN_URL: tokenUrl,
    AUTHORITY: new URL(`/${TENANT_ID}`, tokenUrl).href,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    SCOPE: `${RESOURCE}/.default`,
    CA_FILE: caFile,
    NODE_EXTRA_CA_CERTS: caFile,
    REQUESTS_CA_BUNDLE: caFile
  }
}

/** Returns one shell line that exports {@link exampleVariables}. */
export function exampleLine(options: PasteOptions): string {
  const words = Object.entries(exampleVariables(options)).map(([name, value]) => `${name}=${shellWord(value)}`)
  return `export ${words.join(' ')}`
}

/** Returns a command that prints a token of the local provider, for the folder where development mode was started. */
export function tokenCommand({ tokenUrl, caFile }: Omit<PasteOptions, 'gatewayUrl'>): string {
  const { clientId, clientSecret } = appWithGroups
  const form = `client_id=${clientId}&client_secret=${clientSecret}&grant_type=client_credentials&scope=${RESOURCE}/.default`
  const ca = shellWord(relative(process.cwd(), caFile))
  return `curl -s --cacert ${ca} -X POST -H 'Content-Type: application/x-www-form-urlencoded' -d '${form}' '${tokenUrl}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`
}

/** Quotes a text as one word of a POSIX shell, only if needed. */
function shellWord(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
