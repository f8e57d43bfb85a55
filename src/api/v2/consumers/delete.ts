import { NO_BODY } from '../../shared/descriptions.ts'
import { OFFERS } from '../media-types.ts'
import { type V2Route } from '../route.ts'
import {
  CONSUMERS_TAG,
  done,
  INSTANCE_PATH,
  instanceErrors,
  instanceParameters,
  namesIn,
  PERMISSION
} from './shared.ts'

export const deleteInstance: V2Route = {
  method: 'DELETE',
  path: INSTANCE_PATH,
  permission: PERMISSION,
  body: NO_BODY,
  offers: OFFERS,
  audit: 'delete_instance',
  operation: {
    id: 'deleteInstance',
    tag: CONSUMERS_TAG,
    summary: 'End a consumer instance.',
    description: 'With auto commit, what its last poll returned is committed. A poll that waits is answered with 404.',
    parameters: instanceParameters,
    answers: { 204: { description: 'It is gone.' } },
    errors: instanceErrors
  },
  async handle(call, { consumers }) {
    await consumers.delete(call.begin(), ...namesIn(call))
    return done()
  }
}
