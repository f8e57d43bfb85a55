import type { FollowRequest, Gateway, TopicFollower } from '../../../gateway/gateway.ts'
import type { HttpCall } from '../../../http/call.ts'

/** Begins to follow a topic; the follower is closed when the call is over. */
export async function openFollower(
  call: HttpCall,
  gateway: Pick<Gateway, 'follow'>,
  request: FollowRequest
): Promise<TopicFollower> {
  const operation = call.begin()
  const follower = await gateway.follow(operation, request)
  // The gateway's own hold nothing. A signal costs as much as a small page.
  if (operation.principal.kafka === undefined) return follower
  const { signal } = call
  if (signal.aborted) follower.close()
  else signal.addEventListener('abort', () => follower.close(), { once: true })
  return follower
}
