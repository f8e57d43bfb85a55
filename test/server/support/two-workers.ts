import cluster from 'node:cluster'
import { createServer } from 'node:net'
import { closeLostConnections } from '../../../src/server/workers/lost-connections.ts'

/** Two workers that answer each connection with a word and end it. `kill` ends one by SIGKILL; another follows. */
const fork = () => {
  const worker = cluster.fork()
  closeLostConnections(worker)
  worker.send('hello', () => undefined)
}
if (cluster.isPrimary) {
  cluster.on('exit', fork)
  cluster.on('listening', (_worker, { port }) => process.send?.({ port }))
  process.on('message', () => {
    const [worker] = Object.values(cluster.workers ?? {})
    worker?.process.kill('SIGKILL')
  })
  process.once('disconnect', () => {
    cluster.removeListener('exit', fork)
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL')
  })
  fork()
  fork()
} else {
  createServer(socket => socket.on('error', () => undefined).end('hello')).listen(Number(process.argv[2]), '127.0.0.1')
}
