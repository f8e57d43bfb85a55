export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, lowest: sorted[0], highest: sorted[sorted.length - 1] }
}

const SWEEPS = 20_000

/**
 * The non-negative factors by which the columns of `rows` come closest to a sum of 1 in each row, by the sum of squares:
 * one factor is bettered at a time.
 */
export function leastSquares(rows: readonly (readonly number[])[]): number[] {
  const columns = rows[0].map((_, column) => rows.map(row => row[column]))
  const squares = columns.map(column => sum(column.map(value => value * value)))
  const factors = columns.map(() => 0)
  const errors = rows.map(() => 1)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const [at, column] of columns.entries()) {
      const step = sum(column.map((value, row) => value * errors[row])) / squares[at]
      const bettered = Math.max(0, factors[at] + step)
      for (const [row, value] of column.entries()) errors[row] -= value * (bettered - factors[at])
      factors[at] = bettered
    }
  }
  return factors
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
