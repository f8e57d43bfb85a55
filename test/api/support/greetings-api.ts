import { jsonReply } from '../../../src/http/answer.ts'
import type { Api } from '../../../src/http/api.ts'
import type { Resource } from '../../../src/http/call.ts'
import { errorReply } from '../../../src/http/error-reply.ts'
import type { Route } from '../../../src/http/route.ts'

/** The API that CONTRIBUTING shows: one route, its own form of errors. */

const topic: Resource = { kind: 'topic', nameIn: ({ topic: name }) => name }

const greet: Route = {
  method: 'GET',
  path: '/greetings/{topic}',
  permission: { operation: 'describe', resource: topic },
  body: { kind: 'ignored' },
  offers: ['application/json'],
  audit: 'greet',
  handle: ({ params }) => jsonReply(200, { greeting: `Hello, ${params.topic}` })
}

const careless: Route = { ...greet, path: '/greetings/{topic}/careless', permission: 'inHandler' }

const careful: Route = {
  ...careless,
  path: '/greetings/{topic}/careful',
  handle(call) {
    call.permit('read', topic, call.params.topic)
    return jsonReply(200, {})
  }
}

export const greetingsApi: Api = {
  version: 'greetings',
  prefixes: ['/greetings/'],
  routes: [greet, careless, careful],
  error: error => errorReply(error, { sorry: error.message })
}
