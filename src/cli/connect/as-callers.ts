import type { KafkaConfig } from '../../config/schema.ts'
import { Deadline } from '../../core/deadline.ts'
import type { KafkaIdentity } from '../../core/kafka-identity.ts'
import { configuredCredentials } from '../../kafka/configured-identity.ts'
import { parseAddress } from '../../kafka/transport/brokers.ts'
import { showCredentials } from '../../kafka/transport/show-credentials.ts'
import type { Report } from './report.ts'

/** Shows each of `kafka.credentials` to a broker, with a line for each. What callers will bring is not known here. */
export async function tryCredentials(config: KafkaConfig, own: KafkaIdentity, report: Report): Promise<void> {
  const { certificate } = own
  const addresses = config.bootstrapServers.map(parseAddress)
  for (const [name, sasl] of configuredCredentials(config.credentials, config.connectTimeoutMs)) {
    const step = `kafka.credentials ${name}, SASL ${sasl.mechanism}`
    const identity = { ...(certificate === undefined ? {} : { certificate }), sasl }
    try {
      const deadline = Deadline.after(config.connectTimeoutMs * addresses.length)
      const { verdict, reason } = await showCredentials(config, identity, addresses, deadline)
      if (verdict === 'taken') report.ok(`${step}: the broker takes user ${sasl.username}`)
      else report.fail(step, new Error(reason))
    } catch (error) {
      report.fail(step, error)
    }
  }
}
