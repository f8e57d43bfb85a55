import type { Bench, Scheme } from '../support/bench.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { RECORDS_PER_PAGE } from './bulk-consume.ts'
import { bodyOf, produceSample, VALUES } from './bulk-produce.ts'

const PARTITIONS = 8

/** S3: a stored topic as streams of JSON lines, beside its pages. */
export function bulkLines(): Row {
  let topic = ''
  const measure = async (bench: Bench, scheme: Scheme, form: 'pages' | 'lines'): Promise<Sample> => {
    const contents = { values: VALUES, records: bench.acknowledged.get(topic) ?? 0, even: true }
    const work =
      form === 'pages'
        ? ({ kind: 'pages', topic, partitions: PARTITIONS, count: RECORDS_PER_PAGE, query: '', contents } as const)
        : ({ kind: 'lines', topic, ends: await bench.endsOf(topic) } as const)
    const gateway = await bench.gateway(scheme)
    const { result: _, ...sample } = await bench.measure(nameOf(scheme, form), gateway, work, {
      connections: PARTITIONS
    })
    return sample
  }
  return {
    id: 'S3',
    title: 'read a topic of records of 100 bytes from its beginning, 8 connections',
    unit: 'records/s',
    aims: (['http', 'https'] as const).map(scheme => ({
      text: `${nameOf(scheme, 'lines')} ≥ 0.9 × ${nameOf(scheme, 'pages')}`,
      contestant: nameOf(scheme, 'lines'),
      against: nameOf(scheme, 'pages'),
      of: 'rate',
      factor: 0.9
    })),
    async prepare(bench) {
      topic = await bench.createTopic('lines', PARTITIONS)
      const body = bodyOf(number => JSON.stringify({ value: VALUES[number] }))
      await produceSample(bench, 'fill', 'http', topic, body, 8)
      for (const scheme of ['http', 'https'] as const)
        for (const form of ['pages', 'lines'] as const) await measure(bench, scheme, form)
    },
    async *round(bench) {
      for (const scheme of ['http', 'https'] as const)
        for (const form of ['pages', 'lines'] as const) yield await measure(bench, scheme, form)
    }
  }
}

function nameOf(scheme: Scheme, form: 'pages' | 'lines'): string {
  return `${scheme.toUpperCase()}, ${form === 'pages' ? 'pages' : 'JSON lines'}`
}
