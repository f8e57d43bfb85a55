import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A bare server that reads the body and answers 200: what HTTP on Node costs by itself. Arguments: certificate and key, or none. */
const [certFile, keyFile] = process.argv.slice(2)
const ANSWER = Buffer.from('{"offsets":[{"partition":0,"offset":1234567}]}')

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length })
    response.end(ANSWER)
  })
}

const server =
  certFile === undefined
    ? createServer(listener)
    : createSecureServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, listener)
server.listen({ host: '127.0.0.1', port: 0 }, () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
