// Status 0 when this container's gateway is alive. Not when it is ready: a cluster that is down heals without a restart.
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'

const port = process.env.KAFKA_REST_LISTEN_PORT ?? '9400'
const options = { host: '127.0.0.1', port, path: '/health/live', timeout: 4000 }

const ask = (request, more) =>
  new Promise(resolve => {
    const asking = request({ ...options, ...more }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => resolve(false))
    asking.end()
  })

// The certificate is made for the name that callers use, which is not the loopback address.
const alive = (await ask(secure, { rejectUnauthorized: false })) || (await ask(plain, {}))
process.exit(alive ? 0 : 1)
