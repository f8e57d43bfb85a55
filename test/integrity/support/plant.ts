import { Produce } from '../../../src/gateway/produce.ts'
import { PartitionProducer } from '../../../src/kafka/produce/partition-producer.ts'

/**
 * Defects, planted into a gateway that is started with `--import` of this file. Each strikes topics of one name: in a use
 * case, where an answer of Kafka is taken in, in a promise that nobody awaits, in a timer.
 */
const execute = Reflect.get(Produce.prototype, 'execute')
Produce.prototype.execute = function (call, topic, ...rest) {
  if (topic.startsWith('thrown')) {
    rest[1]()
    throw new TypeError('planted in a use case')
  }
  if (topic.startsWith('unawaited')) void Promise.reject(new Error('planted in a promise'))
  if (topic.startsWith('timer')) {
    setTimeout(() => {
      throw new Error('planted in a timer')
    }, 1)
  }
  return execute.call(this, call, topic, ...rest)
}

const answered = Reflect.get(PartitionProducer.prototype, 'answered')
PartitionProducer.prototype.answered = function (batch, result, nowMs) {
  if (this.topic.startsWith('callback')) throw new Error('planted in a callback')
  answered.call(this, batch, result, nowMs)
}
