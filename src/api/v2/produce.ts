import type { ErrorCode } from '../../core/errors.ts'
import type { Call } from '../../core/principal.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { ProduceOptions, ProduceOutcome } from '../../gateway/gateway.ts'
import type { Reply } from '../../http/answer.ts'
import type { Body, HttpCall } from '../../http/call.ts'
import { toGatewayError } from '../../http/error-reply.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { withHeaders } from '../shared/records/added-headers.ts'
import { invalid } from '../shared/records/body-error.ts'
import { worstFailure } from '../shared/records/offsets-writer.ts'
import type { RecordReader } from '../shared/records/record-reader.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { recordCode, recordStatus } from './errors.ts'
import { OFFERS, PRODUCE_TYPES, produceFormat } from './media-types.ts'
import { offsetsWriter } from './offsets.ts'
import { pathPartition } from './parameters.ts'
import { produceText } from './produce-text.ts'
import { type Dialect, type Format, recordReader } from './record-form.ts'
import type { V2Route, V2UseCases } from './route.ts'

const NOTHING = Buffer.alloc(0)
const EACH: ProduceOptions = { eachRecord: true }
const EACH_CREATED: ProduceOptions = { ...EACH, create: true }
const EMPTY: ProduceOutcome = { count: 0, partitions: new Int32Array(0), offsets: new Float64Array(0) }

/** A produce request that was read and may be sent. */
interface Order {
  readonly name: string
  readonly call: Call
  readonly records: RecordTable
  readonly body: Body
  readonly options: ProduceOptions
}

/** Returns the two routes by which records are stored, to a topic and to one of its partitions. */
export function produceRoutes(dialect: Dialect): V2Route[] {
  return [routeOf(dialect, false), routeOf(dialect, true)]
}

function routeOf(dialect: Dialect, inPath: boolean): V2Route {
  const readers: Readonly<Record<Format, RecordReader>> = {
    json: recordReader(dialect, 'json', inPath),
    binary: recordReader(dialect, 'binary', inPath),
    text: recordReader(dialect, 'text', inPath)
  }
  const writer = offsetsWriter(dialect, failure => recordCode(dialect, failure))
  return {
    method: 'POST',
    path: inPath ? '/topics/{topic}/partitions/{partition}' : '/topics/{topic}',
    permission: { operation: 'write', resource: topic },
    body: { kind: 'whole', types: PRODUCE_TYPES },
    offers: OFFERS,
    audit: 'produce',
    operation: produceText(dialect, inPath),
    async handle(call, useCases, type): Promise<Reply> {
      const { gateway } = useCases
      const reading = readOrder(call, useCases, readers, inPath)
      const order = reading instanceof Promise ? await reading : reading
      if (dialect === 'strimzi' && call.query.get('async') === 'true') {
        void storeUnwatched(order, useCases)
        return { status: 204, body: NOTHING }
      }
      const { name, records, body, options } = order
      if (records.count === 0) body.release()
      const outcome =
        records.count === 0 ? EMPTY : await gateway.produce(order.call, name, records, body.release, options)
      return {
        status: 200,
        ...(outcome.failures === undefined ? {} : failed(dialect, outcome.failures, isStrict(call, useCases))),
        body: writer.write(outcome),
        headers: { 'Content-Type': type },
        recycle: recycleText
      }
    }
  }
}

function readOrder(
  call: HttpCall,
  { limits, dialect, autoCreateTopics }: V2UseCases,
  readers: Readonly<Record<Format, RecordReader>>,
  inPath: boolean
): Order | Promise<Order> {
  const name = topicName(call.params.topic)
  const partition = inPath ? pathPartition(call.params.partition, dialect) : undefined
  const reader = readers[produceFormat(call.headers['content-type'])]
  const common = autoCreateTopics === 'on' && call.may('create', 'topic', name) ? EACH_CREATED : EACH
  const options = partition === undefined ? common : { partition, ...common }
  const toOrder = (body: Body): Order => {
    try {
      const operation = call.begin()
      if (body.bytes.length === 0) throw invalid('The body has no member records.', 'missing')
      const table = reader.read(body.bytes, limits, partition)
      call.charge(table.count, body.bytes.length)
      const added = call.trace?.recordHeaders ?? []
      const records = added.length === 0 ? table : withHeaders(table, added)
      return { name, call: operation, records, body, options }
    } catch (error) {
      body.release()
      throw error
    }
  }
  const reading = call.body()
  return reading instanceof Promise ? reading.then(toOrder) : toOrder(reading)
}

/** Stores records for a client that does not wait. Counts and logs failures, because no answer tells them. */
async function storeUnwatched({ name, call, records, body, options }: Order, useCases: V2UseCases): Promise<void> {
  const { gateway, meter, warnings } = useCases
  if (records.count === 0) return body.release()
  const fail = (code: ErrorCode, count: number, message: string, err?: unknown) => {
    meter.failed(code)
    const fields = { topic: name, records: count, code, ...(err === undefined ? {} : { err }) }
    warnings.warn(code, fields, `Records of an async request failed: ${message}`)
  }
  try {
    const { failures } = await gateway.produce(call, name, records, body.release, options)
    if (failures === undefined) return
    const worst = worstFailure(failures)
    fail(worst.code, failures.size, worst.message)
  } catch (thrown) {
    const error = toGatewayError(thrown)
    meter.produced(name, body.bytes.length, { stored: 0, notStored: records.count, unknown: 0 })
    fail(error.code, records.count, error.message, error.code === 'INTERNAL_ERROR' ? thrown : undefined)
  }
}

function isStrict({ headers }: HttpCall, { v2Status }: V2UseCases): boolean {
  return v2Status === 'strict' || headers['x-kafka-rest-strict'] === 'true'
}

/**
 * Returns status and code of a request with failed records. The status is 200 unless it is to be strict. Confluent also says
 * 403 if Kafka does not let the gateway write.
 */
function failed(
  dialect: Dialect,
  failures: NonNullable<ProduceOutcome['failures']>,
  strict: boolean
): Pick<Reply, 'status' | 'code'> {
  const worst = worstFailure(failures)
  if (strict) return { status: recordStatus(dialect, worst), code: worst.code }
  const refused = dialect === 'confluent' && someIs(failures, 'KAFKA_REFUSED')
  return { status: refused ? 403 : 200, code: worst.code }
}

function someIs(failures: NonNullable<ProduceOutcome['failures']>, wanted: ErrorCode): boolean {
  for (const { code } of failures.values()) if (code === wanted) return true
  return false
}
