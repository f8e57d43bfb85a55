import type { Command } from './command.ts'
import { commands } from './commands.ts'

/** Columns of the narrowest terminal. */
const WIDTH = 80

/** Breaks a text into lines at its spaces. */
const wrap = (text: string, width: number): string[] => {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines[lines.length - 1]} ${word}`.trimStart()
    if (longer.length > width) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines
}

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4
  const row = ([name, meaning]: readonly [string, string]): string =>
    `${`  ${name}`.padEnd(left)}${wrap(meaning, WIDTH - left).join(`\n${' '.repeat(left)}`)}\n`
  return rows.map(row).join('')
}

export const generalHelp = (): string => {
  const rows = [...commands].map(([name, { summary }]) => [name, summary] as const)
  return `HTTPS access to an Apache Kafka cluster.

Usage: kafka-rest-gateway COMMAND [OPTIONS]

${columns(rows)}
To try it out: kafka-rest-gateway dev
For a cluster of your own: kafka-rest-gateway serve --config gateway.yaml
kafka-rest-gateway COMMAND --help tells more.
`
}

export const commandHelp = (
  name: string,
  { summary, usage, options }: Command
): string => `${wrap(summary, WIDTH).join('\n')}

Usage: ${`kafka-rest-gateway ${name} ${usage}`.trimEnd()}

${columns([...options, ['--help', 'print this text']])}`
