import { crc32 } from 'node:zlib'
import type { RawClient } from './raw-client.ts'
import { expectSuccess, pagePath, requestBytes } from './requests.ts'

/** What a topic holds, as those know who filled it; nobody writes to it any more. */
export interface Contents {
  readonly values: readonly string[]
  readonly records: number
  /** Each value is there equally often. */
  readonly even: boolean
}

export interface Source {
  readonly topic: string
  readonly partitions: number
  /** Records a page. */
  readonly count: number
  readonly query: string
  readonly contents: Contents
}

export interface Page {
  /** Of the answer's body. */
  readonly crc: number
  readonly nextOffset: number
  readonly last: boolean
}

interface ReadRecord {
  readonly value: string
  readonly value_encoding?: 'base64'
  readonly partition: number
  readonly offset: number
}

/**
 * A topic read once from end to end, every record looked at and compared with what was produced. What is read under load is
 * then compared with it: pages by their checksum, which costs next to nothing, single records by their text.
 */
export class Reference {
  readonly #source: Source
  readonly #pages: ReadonlyMap<number, Page>[] = []
  /** By partition and offset: which of the values. */
  readonly #values: number[][] = []

  private constructor(source: Source) {
    this.#source = source
  }

  /** Throws where the topic does not hold what it should. */
  static async read(client: RawClient, token: string, source: Source): Promise<Reference> {
    const reference = new Reference(source)
    for (let partition = 0; partition < source.partitions; partition++)
      await reference.#readPartition(client, token, partition)
    reference.#expectAll()
    return reference
  }

  /** The page that begins at an offset at which a page began before. */
  page(partition: number, offset: number): Page {
    const page = this.#pages[partition].get(offset)
    if (page === undefined) throw new Error(`Partition ${partition}: no page begins at offset ${offset}.`)
    return page
  }

  /** Throws where an answer does not hold just the `count` records from an offset on. */
  expectRecords(body: Buffer | null, partition: number, offset: number, count: number): void {
    const records = recordsOf(body)
    if (records.length !== count)
      throw new Error(`Partition ${partition}, offset ${offset}: ${records.length} records instead of ${count}.`)
    for (const [at, record] of records.entries()) {
      const value = this.#source.contents.values[this.#values[partition][offset + at]]
      if (record.partition !== partition || record.offset !== offset + at || textOf(record) !== value)
        throw new Error(
          `Partition ${partition}, offset ${offset + at}: ${JSON.stringify(record)} is not what is stored.`
        )
    }
  }

  async #readPartition(client: RawClient, token: string, partition: number): Promise<void> {
    const { topic, count, query, contents } = this.#source
    const known = new Map(contents.values.map((value, index) => [value, index]))
    const pages = new Map<number, Page>()
    const values: number[] = []
    for (let offset = 0, last = false; !last;) {
      const request = requestBytes('GET', pagePath(topic, partition, offset, count, query), { token })
      const { body, nextOffset } = expectSuccess(await client.send(request, 'body'))
      const records = recordsOf(body)
      for (const record of records) {
        const index = known.get(textOf(record))
        if (index === undefined || record.partition !== partition || record.offset !== values.length)
          throw new Error(
            `Partition ${partition}, offset ${values.length}: ${JSON.stringify(record)} was not produced.`
          )
        values.push(index)
      }
      if (nextOffset !== values.length)
        throw new Error(
          `Partition ${partition}: the next offset is ${nextOffset}, and ${values.length} records were read.`
        )
      last = records.length < count
      pages.set(offset, { crc: crc32(body ?? ''), nextOffset, last })
      offset = nextOffset
    }
    this.#pages.push(pages)
    this.#values.push(values)
  }

  #expectAll(): void {
    const { topic, contents } = this.#source
    const times = new Float64Array(contents.values.length)
    for (const values of this.#values) for (const index of values) times[index]++
    const read = times.reduce((sum, each) => sum + each, 0)
    if (read !== contents.records)
      throw new Error(`${topic}: ${contents.records} records were produced, ${read} were read.`)
    if (contents.even && times.some(each => each !== times[0]))
      throw new Error(`${topic}: values that were produced equally often were not read equally often.`)
  }
}

function recordsOf(body: Buffer | null): ReadRecord[] {
  return (JSON.parse(body?.toString() ?? '') as { records: ReadRecord[] }).records
}

function textOf({ value, value_encoding: encoding }: ReadRecord): string {
  return encoding === undefined ? value : Buffer.from(value, encoding).toString()
}
