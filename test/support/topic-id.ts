import { Admin } from '@platformatic/kafka'
import { sharedBroker } from './gateway.ts'

const NO_ID = '00000000-0000-0000-0000-000000000000'

/** Why a test is skipped where {@link idPart} is empty. */
export const NO_TOPIC_IDS = 'before Kafka 2.8 topics have no id'

/**
 * Returns what a position in the topic has to begin with: eight characters of the topic's id and `;`, or nothing if the cluster
 * has no topic ids (before Kafka 2.8). Asks Kafka by a client that is not the gateway's.
 */
export async function idPart(topic: string): Promise<string> {
  const admin = new Admin({ clientId: 'topic-id', bootstrapBrokers: [sharedBroker()] })
  try {
    const { topics } = await admin.metadata({ topics: [topic] })
    const { id = '' } = topics.get(topic) ?? {}
    if (!/^[\da-f-]{36}$/.test(id)) throw new Error(`Kafka says no id of topic ${topic}: '${id}'`)
    return id === NO_ID ? '' : `${Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url').slice(0, 8)};`
  } finally {
    await admin.close()
  }
}
