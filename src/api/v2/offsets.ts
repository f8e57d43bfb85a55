import type { RecordFailure } from '../../core/produce-outcome.ts'
import { OffsetsWriter } from '../shared/records/offsets-writer.ts'
import type { Dialect } from './record-form.ts'

/**
 * Makes the writer of answers to produce requests. Make it once, with the route. `errorCodeOf` is the dialect's number for
 * a failure.
 */
export function offsetsWriter(dialect: Dialect, errorCodeOf: (failure: RecordFailure) => number): OffsetsWriter {
  return dialect === 'strimzi'
    ? new OffsetsWriter({
        stored: '}',
        close: ']}',
        failedPartition: false,
        failed: failure => JSON.stringify({ error_code: errorCodeOf(failure), message: failure.message })
      })
    : new OffsetsWriter({
        stored: ',"error_code":null,"error":null}',
        close: '],"key_schema_id":null,"value_schema_id":null}',
        failedPartition: false,
        failed: failure =>
          JSON.stringify({ partition: null, offset: null, error_code: errorCodeOf(failure), error: failure.message })
      })
}
