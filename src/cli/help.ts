import { type Command, commands } from './commands.ts'

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}

export const generalHelp = (): string => {
  const rows = [...commands].map(([name, { summary }]) => [name, summary] as const)
  return `HTTPS access to an Apache Kafka cluster.

Usage: kafka-rest-proxy COMMAND [OPTIONS]

${columns(rows)}
kafka-rest-proxy COMMAND --help tells more.
`
}

export const commandHelp = (name: string, { summary, usage, options }: Command): string => `${summary}

Usage: ${`kafka-rest-proxy ${name} ${usage}`.trimEnd()}

${columns([...options, ['--help', 'print this text']])}`
