/** Names and values of labels, in the order in which they are shown. */
export type Labels = Readonly<Record<string, string>>

/** The two text formats: Prometheus 0.0.4 and OpenMetrics 1.0. */
export type Exposition = 'prometheus' | 'openmetrics'

export type MetricType = 'counter' | 'gauge' | 'histogram'

/** A number that is counted up, or set. */
export class Cell {
  value = 0

  add(amount: number): void {
    this.value += amount
  }
}

/** How often values fell below each bound. */
export class Histogram {
  readonly bounds: readonly number[]
  /** By the first bound that is not below the value; the last is for values above all bounds. */
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

/** What is read when somebody asks: label values and a number, any number of times. */
export type Reading = readonly (readonly [labels: Labels, value: number])[]

interface Family {
  readonly name: string
  readonly help: string
  readonly type: MetricType
  write(lines: string[], exposition: Exposition): void
}

/** The metrics of one process, in the order in which they were made. */
export class Registry {
  readonly #families = new Map<string, Family>()

  get names(): string[] {
    return [...this.#families.keys()]
  }

  /** A family of counters; `name` ends in `_total`. The same labels give the same counter. */
  counters(name: string, help: string): (labels?: Labels) => Cell {
    return this.#kept(name, help, 'counter', () => new Cell(), writeCell)
  }

  gauges(name: string, help: string): (labels?: Labels) => Cell {
    return this.#kept(name, help, 'gauge', () => new Cell(), writeCell)
  }

  /** `bounds` ascend; the one without end is added. */
  histograms(name: string, help: string, bounds: readonly number[]): (labels?: Labels) => Histogram {
    return this.#kept(name, help, 'histogram', () => new Histogram(bounds), writeHistogram)
  }

  /** Read only when somebody asks. */
  reading(name: string, help: string, type: 'counter' | 'gauge', read: () => Reading): void {
    this.#add(name, help, type, lines => {
      for (const [labels, value] of read()) lines.push(`${name}${labelText(labels)} ${numberText(value)}`)
    })
  }

  text(exposition: Exposition): string {
    const lines: string[] = []
    for (const family of this.#families.values()) {
      const openMetrics = exposition === 'openmetrics'
      const name = openMetrics && family.type === 'counter' ? family.name.replace(/_total$/, '') : family.name
      lines.push(`# HELP ${name} ${escapeHelp(family.help, openMetrics)}`, `# TYPE ${name} ${family.type}`)
      family.write(lines, exposition)
    }
    if (exposition === 'openmetrics') lines.push('# EOF')
    return `${lines.join('\n')}\n`
  }

  #kept<T>(
    name: string,
    help: string,
    type: MetricType,
    make: () => T,
    write: (lines: string[], name: string, labels: Labels, member: T, exposition: Exposition) => void
  ): (labels?: Labels) => T {
    const members = new Map<string, { readonly labels: Labels; readonly member: T }>()
    this.#add(name, help, type, (lines, exposition) => {
      for (const { labels, member } of members.values()) write(lines, name, labels, member, exposition)
    })
    return (labels = {}) => {
      const key = labelText(labels)
      let known = members.get(key)
      if (known === undefined) members.set(key, (known = { labels, member: make() }))
      return known.member
    }
  }

  #add(name: string, help: string, type: MetricType, write: Family['write']): void {
    if (this.#families.has(name)) throw new Error(`There are two metrics of the name ${name}`)
    this.#families.set(name, { name, help, type, write })
  }
}

function writeCell(lines: string[], name: string, labels: Labels, cell: Cell): void {
  lines.push(`${name}${labelText(labels)} ${numberText(cell.value)}`)
}

function writeHistogram(lines: string[], name: string, labels: Labels, it: Histogram, exposition: Exposition): void {
  let cumulative = 0
  for (const [at, bound] of [...it.bounds, Infinity].entries()) {
    cumulative += it.counts[at]
    lines.push(`${name}_bucket${labelText({ ...labels, le: boundText(bound, exposition) })} ${cumulative}`)
  }
  lines.push(`${name}_sum${labelText(labels)} ${numberText(it.sum)}`, `${name}_count${labelText(labels)} ${cumulative}`)
}

/** OpenMetrics wants bounds as floating point numbers. */
function boundText(bound: number, exposition: Exposition): string {
  return exposition === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : numberText(bound)
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

function labelText(labels: Labels): string {
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
