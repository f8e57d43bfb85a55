/** Names and values of labels, in the order of the exposition. */
export type Labels = Readonly<Record<string, string>>

/** The two text formats: Prometheus 0.0.4 and OpenMetrics 1.0. */
export type Exposition = 'prometheus' | 'openmetrics'

export type MetricType = 'counter' | 'gauge' | 'histogram'

/** The value of a counter or gauge. A field, because the hot paths write it. */
export class Cell {
  value = 0

  add(amount: number): void {
    this.value += amount
  }
}

/** Counts of values by bucket, and their sum. */
export class Histogram {
  readonly bounds: readonly number[]
  /** By bucket: the first bound that is not below the value. The last is for values above all bounds. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let at = 0
    while (at < this.bounds.length && value > this.bounds[at]) at++
    this.counts[at]++
    this.sum += value
  }
}

/** The samples of a metric that is read at each scrape. */
export type Reading = readonly (readonly [labels: Labels, value: number])[]

/** One line of the exposition; `le` is the bound of a bucket. */
export interface Sample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count'
  readonly labels: Labels
  readonly le?: number
  readonly value: number
}

/** How the values of several processes are merged; `each` keeps them apart by the label `worker`. */
export type Merging = 'sum' | 'least' | 'most' | 'each'

/** A metric with all its samples at one moment. */
export interface FamilySnapshot {
  readonly name: string
  readonly help: string
  readonly type: MetricType
  readonly merging: Merging
  readonly samples: readonly Sample[]
}

interface Family extends Omit<FamilySnapshot, 'samples'> {
  samples(): Sample[]
}

/** The metrics of one process, in the order in which they were added. */
export class Registry {
  readonly #families = new Map<string, Family>()

  get names(): string[] {
    return [...this.#families.keys()]
  }

  /** Adds a family of counters; `name` ends in `_total`. The same labels give the same counter. */
  counters(name: string, help: string): (labels?: Labels) => Cell {
    return this.#kept(name, help, 'counter', () => new Cell(), cellSamples)
  }

  gauges(name: string, help: string): (labels?: Labels) => Cell {
    return this.#kept(name, help, 'gauge', () => new Cell(), cellSamples)
  }

  /** Adds a family of histograms; `bounds` ascend, without the infinite one. */
  histograms(name: string, help: string, bounds: readonly number[]): (labels?: Labels) => Histogram {
    return this.#kept(name, help, 'histogram', () => new Histogram(bounds), histogramSamples)
  }

  /** Adds a metric that is read at each scrape. */
  reading(name: string, help: string, type: 'counter' | 'gauge', read: () => Reading, merging: Merging = 'sum'): void {
    this.#add({
      name,
      help,
      type,
      merging,
      samples: () => read().map(([labels, value]) => ({ suffix: '', labels, value }))
    })
  }

  snapshot(): FamilySnapshot[] {
    return Array.from(this.#families.values(), family => ({ ...family, samples: family.samples() }))
  }

  text(exposition: Exposition): string {
    return expositionText(this.snapshot(), exposition)
  }

  #kept<T>(
    name: string,
    help: string,
    type: MetricType,
    make: () => T,
    samplesOf: (labels: Labels, member: T) => Sample[]
  ): (labels?: Labels) => T {
    const members = new Map<string, { readonly labels: Labels; readonly member: T }>()
    const samples = () => [...members.values()].flatMap(({ labels, member }) => samplesOf(labels, member))
    this.#add({ name, help, type, merging: 'sum', samples })
    return (labels = {}) => {
      const key = labelText(labels)
      let known = members.get(key)
      if (known === undefined) members.set(key, (known = { labels, member: make() }))
      return known.member
    }
  }

  #add(family: Family): void {
    if (this.#families.has(family.name)) throw new Error(`There are two metrics of the name ${family.name}`)
    this.#families.set(family.name, family)
  }
}

/** Formats metrics for a scraper. */
export function expositionText(families: readonly FamilySnapshot[], exposition: Exposition): string {
  const openMetrics = exposition === 'openmetrics'
  const lines: string[] = []
  for (const { name, help, type, samples } of families) {
    const shown = openMetrics && type === 'counter' ? name.replace(/_total$/, '') : name
    lines.push(`# HELP ${shown} ${escapeHelp(help, openMetrics)}`, `# TYPE ${shown} ${type}`)
    for (const { suffix, labels, le, value } of samples) {
      const all = le === undefined ? labels : { ...labels, le: boundText(le, exposition) }
      lines.push(`${name}${suffix}${labelText(all)} ${numberText(value)}`)
    }
  }
  if (openMetrics) lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

function cellSamples(labels: Labels, { value }: Cell): Sample[] {
  return [{ suffix: '', labels, value }]
}

function histogramSamples(labels: Labels, { bounds, counts, sum }: Histogram): Sample[] {
  let cumulative = 0
  const buckets = [...bounds, Infinity].map((le, at): Sample => {
    cumulative += counts[at]
    return { suffix: '_bucket', labels, le, value: cumulative }
  })
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: cumulative }]
}

/** Formats a bound: OpenMetrics wants floating point numbers. */
function boundText(bound: number, exposition: Exposition): string {
  return exposition === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : numberText(bound)
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

export function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function escapeHelp(text: string, quotes: boolean): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quotes ? escaped.replaceAll('"', '\\"') : escaped
}
