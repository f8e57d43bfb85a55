// Status 0 when this container's gateway is alive. Not when it is ready: a cluster that is down heals without a restart.
import { readFileSync } from 'node:fs'
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { parse } from 'yaml'

const LOOPBACK = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** `listen` of the file that the first process was started with; none if it was started without a file. */
const configured = () => {
  const argv = readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  const at = argv.findIndex(argument => /^--config(=|$)/.test(argument))
  if (at === -1) return {}
  const file = argv[at].includes('=') ? argv[at].slice(argv[at].indexOf('=') + 1) : argv[at + 1]
  return parse(readFileSync(file, 'utf8'))?.listen ?? {}
}

const ask = (request, options) =>
  new Promise(resolve => {
    const asking = request(options, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => resolve(false))
    asking.end()
  })

const { KAFKA_REST_LISTEN_HOST, KAFKA_REST_LISTEN_PORT } = process.env
const listen = configured()
const host = KAFKA_REST_LISTEN_HOST ?? listen.host ?? '0.0.0.0'
const port = KAFKA_REST_LISTEN_PORT ?? listen.port ?? 9400
const options = { host: LOOPBACK[host] ?? host, port, path: '/health/live', timeout: 4000 }
// The certificate is made for the name that callers use, which is not this address.
const alive = (await ask(secure, { ...options, rejectUnauthorized: false })) || (await ask(plain, options))
process.exit(alive ? 0 : 1)
