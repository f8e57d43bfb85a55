import type { RecordTable } from '../../../core/record-table.ts'
import { bodyCursor } from './body-cursor.ts'
import { recordPlan, type RecordForm, type RecordPlan } from './record-form.ts'
import { RecordScan } from './record-scan.ts'

export interface RecordLimits {
  readonly jsonDepth: number
  readonly recordsPerRequest: number
}

/** Reads the bodies of produce requests in the form of one dialect. Make one for each form, not for each request. */
export class RecordReader {
  readonly #plan: RecordPlan

  constructor(form: RecordForm) {
    this.#plan = recordPlan(form)
  }

  /**
   * Checks the body whole, in one pass, and returns where each record's key and value stand in it. Decodes escapes and
   * base64 in place, so the body changes and must live as long as the table. Records that name no partition get
   * `partition`. Throws MALFORMED_JSON, INVALID_BODY (a {@link BodyError}), INVALID_PARTITION or TOO_MANY_RECORDS, naming
   * record and member; the body is of no use then.
   */
  read(body: Buffer, limits: RecordLimits, partition = -1): RecordTable {
    const cursor = bodyCursor(body, limits.jsonDepth)
    return new RecordScan(this.#plan, cursor, limits.recordsPerRequest, partition).read()
  }

  /** Reads a body that is one record, or an array of them, as {@link read} does. The form's body must be a single record. */
  readMessage(body: Buffer, limits: RecordLimits): RecordTable {
    const cursor = bodyCursor(body, limits.jsonDepth)
    return new RecordScan(this.#plan, cursor, limits.recordsPerRequest, -1).readMessage()
  }
}
