import type { RecordPage } from '../../../core/record-page.ts'
import { fixedText, type FixedText } from './fixed-text.ts'

/**
 * How the bytes of a key or value stand in JSON. Kafka's null is null under every rule.
 * - `auto`: text if they are UTF-8, else base64
 * - `base64`: base64
 * - `json`: as they are; what is not JSON cannot be shown
 * - `text`: text; what is not UTF-8 cannot be shown
 */
export type ShownAs = 'auto' | 'base64' | 'json' | 'text'

/** A record that its form cannot show: a key or value that is not JSON, or not UTF-8. */
export interface Unshown {
  readonly partition: number
  readonly offset: number
  readonly member: 'key' | 'value'
  readonly wanted: 'JSON' | 'UTF-8'
}

/** How a dialect writes records that were read. */
export interface PageForm {
  /** What stands before the first record and behind the last one. */
  readonly open: string
  readonly close: string
  /** Between two records; a comma if left out. */
  readonly between?: string
  /** Names the topic in each record. */
  readonly topic: boolean
  readonly keys: ShownAs
  readonly values: ShownAs
  /** Adds `key_encoding` and `value_encoding` to what is base64. */
  readonly encodings: boolean
  /** In milliseconds; `typed` says besides whether client or broker set them. */
  readonly timestamps: 'none' | 'plain' | 'typed'
  /** Of their values; keys are text. Records without headers never have the member. */
  readonly headers: 'none' | 'auto' | 'base64'
}

export const AUTO = 0
export const BASE64 = 1
/** Rules behind {@link BASE64} cannot show every value. */
export const TEXT = 2
export const JSON_TEXT = 3
const RULES: readonly ShownAs[] = ['auto', 'base64', 'text', 'json']
export const NO_HEADERS = -1

export const NO_PAGE: RecordPage = {
  partition: 0,
  count: 0,
  chunks: [],
  spans: new Int32Array(0),
  offsets: new Float64Array(0),
  timestamps: new Float64Array(0),
  logAppendTime: new Uint8Array(0),
  nextOffset: 0,
  payloadBytes: 0
}

/** What stands in front of a key or value. */
export interface LeadTexts {
  /** From the first byte of the text to the first key. */
  readonly first: FixedText
  /** From the end of one record to the key of the next. */
  readonly next: FixedText
  /** From the end of one record to the value of the next, which has no key. */
  readonly nextWithoutKey: FixedText
}

/** A {@link PageForm} as the writer looks things up. */
export interface PagePlan {
  readonly form: PageForm
  readonly keys: number
  readonly values: number
  /** Or {@link NO_HEADERS}. */
  readonly headers: number
  /** If records do not name their topic; else to be made for each. */
  readonly lead: LeadTexts
  readonly keyEncoding: FixedText
  readonly valueEncoding: FixedText
  /** In place of them if only the beginning is shown: what stands in front of the size. */
  readonly keyCut: FixedText
  readonly valueCut: FixedText
  readonly timestamps: boolean
  /** What stands behind a timestamp, by whether the broker set it. */
  readonly timestampTypes: readonly string[]
  readonly types: readonly FixedText[]
  readonly close: FixedText
  readonly closeEmpty: FixedText
  /** What usually becomes of a byte of keys and values. */
  readonly growth: number
  /** What a record usually takes besides key and value, without the topic. */
  readonly recordBytes: number
}

export function pagePlan(form: PageForm): PagePlan {
  const types =
    form.timestamps === 'typed' ? [',"timestampType":"CREATE_TIME"', ',"timestampType":"LOG_APPEND_TIME"'] : ['', '']
  const base64 = form.values === 'base64'
  return {
    form,
    keys: RULES.indexOf(form.keys),
    values: RULES.indexOf(form.values),
    headers: form.headers === 'none' ? NO_HEADERS : RULES.indexOf(form.headers),
    lead: leadTexts(form, ''),
    keyEncoding: fixedText(form.encodings ? ',"key_encoding":"base64"' : ''),
    valueEncoding: fixedText(form.encodings ? ',"value_encoding":"base64"' : ''),
    keyCut: fixedText(',"key_encoding":"base64","key_size":'),
    valueCut: fixedText(',"value_encoding":"base64","value_size":'),
    timestamps: form.timestamps !== 'none',
    timestampTypes: types,
    types: types.map(fixedText),
    close: fixedText(`}${form.close}`),
    closeEmpty: fixedText(form.open + form.close),
    growth: base64 ? 1.34 : 1.1,
    recordBytes: base64 ? 170 : 144
  }
}

/** For all records of a topic. Its name is legal in Kafka, so it needs no escape. */
export function leadTexts({ open, between = ',', topic }: PageForm, name: string): LeadTexts {
  const record = topic ? `{"topic":"${name}","key":` : '{"key":'
  return {
    first: fixedText(open + record),
    next: fixedText(`}${between}${record}`),
    nextWithoutKey: fixedText(`}${between}${record}null,"value":`)
  }
}

/** How many bytes of text a page usually becomes. */
export function likelyBytes({ growth, recordBytes }: PagePlan, { payloadBytes, count }: RecordPage): number {
  return 64 + Math.ceil(payloadBytes * growth) + count * recordBytes
}
