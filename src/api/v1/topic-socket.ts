import { GatewayError } from '../../core/errors.ts'
import type { FollowRequest, Gateway } from '../../gateway/gateway.ts'
import type { SocketReply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { openFollower } from '../shared/follow/open-follower.ts'
import { followBySocket } from '../shared/follow/socket-follow.ts'
import { v1Error } from './errors.ts'
import { followFrom, recordCount } from './parameters.ts'
import { beginPage, type PageEncoding } from './record-form.ts'
import type { Selection } from './selection.ts'

/** What a client says is short, but a position has some 12 characters a partition. */
const MESSAGE_BYTES = 1024 * 1024

/** Answers with a WebSocket that brings the records of a topic as they arrive. */
export async function followSocket(
  call: HttpCall,
  gateway: Gateway,
  asked: FollowRequest,
  encodings: PageEncoding,
  selection: Selection | undefined
): Promise<SocketReply> {
  const request = { ...asked, ...selection?.request, checked: true }
  const { query } = call
  if (query.get('wait') !== null)
    throw new GatewayError('INVALID_PARAMETER', 'wait is not for a WebSocket: it has no end.')
  const options = {
    topic: request.topic,
    count: recordCount(query.get('count'), Infinity),
    messageBytes: MESSAGE_BYTES,
    limits: selection?.limits ?? {},
    isSearch: selection?.isSearch ?? false,
    text: () => beginPage(encodings, selection?.cut),
    seek: (from: string) => openFollower(call, gateway, { ...request, from: followFrom(from) }),
    errorText: (error: GatewayError) => v1Error(error).body.toString()
  }
  call.beginStream('reads')
  const follower = await openFollower(call, gateway, request)
  return {
    status: 101,
    messageBytes: MESSAGE_BYTES,
    talk: channel => followBySocket(call, follower, channel, options)
  }
}
