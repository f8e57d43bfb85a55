import { parseArgs } from 'node:util'
import { explainAccess, trustedIssuers } from '../auth/explain.ts'
import { ConfigError } from '../config/config-error.ts'
import { describeConfig } from '../config/describe.ts'
import type { LoadedConfig } from '../config/load.ts'
import { inspect } from '../server/inspection.ts'
import { loadFrom } from './config-option.ts'
import { count } from './count.ts'

const NOTHING_ASKED = '--explain needs a principal, and a topic or --consumer-group NAME'

/** Prints every value, then problems of the files that are named, then the verdict. */
const judge = async (file: string | undefined): Promise<void> => {
  const loaded = loadOrVerdict(file)
  process.stdout.write(describeConfig(loaded))
  const warnings = await warningsOf(loaded)
  const within = warnings === 0 ? '' : `, with ${count(warnings, 'warning')}`
  process.stdout.write(`The configuration is sound${within}.\n`)
}

/** Connects to what is configured. Prints a line for each step, then the verdict. */
const tryOut = async (file: string | undefined): Promise<void> => {
  const loaded = loadOrVerdict(file)
  await warningsOf(loaded)
  const { tryConnections } = await import('./connect/connect.ts')
  const report = await tryConnections(loaded.config, text => process.stdout.write(text))
  if (report.failed) throw new ConfigError([report.verdict])
  process.stdout.write(`${report.verdict}\n`)
}

/** Prints warnings and returns their number. Throws a ConfigError if a named file or package cannot be used. */
const warningsOf = async ({ config }: LoadedConfig): Promise<number> => {
  const findings = await inspect(config)
  const problems = findings.filter(({ severity }) => severity !== 'warning').map(({ text }) => text)
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  for (const { text } of warnings) process.stderr.write(`Warning: ${text}\n`)
  if (problems.length > 0) throw refused(problems)
  return warnings.length
}

const loadOrVerdict = (file: string | undefined): LoadedConfig => {
  try {
    return loadFrom(file)
  } catch (error) {
    throw error instanceof ConfigError ? refused(error.problems) : error
  }
}

const refused = (problems: readonly string[]): ConfigError =>
  new ConfigError([...problems, `The configuration is not sound: ${count(problems.length, 'problem')}.`])

export const runCheckConfig = async (argv: string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      connect: { type: 'boolean', default: false },
      explain: { type: 'string' },
      'consumer-group': { type: 'string' },
      group: { type: 'string', multiple: true, default: [] },
      role: { type: 'string', multiple: true, default: [] },
      issuer: { type: 'string' }
    }
  })
  const explains = values.explain !== undefined
  const consumerGroup = values['consumer-group']
  const asked = values.group.length + values.role.length > 0 || values.issuer !== undefined
  const [topic, extra = explains ? undefined : topic] = positionals
  if (extra !== undefined) throw new Error(`Unexpected argument '${extra}'`)
  if ((asked || consumerGroup !== undefined) && !explains)
    throw new Error('--group, --role, --issuer and --consumer-group belong to --explain PRINCIPAL TOPIC')
  if (explains && topic === undefined && consumerGroup === undefined) throw new Error(NOTHING_ASKED)
  if (values.connect && explains) throw new Error('--connect and --explain are two questions: ask one at a time')
  if (values.connect) return tryOut(values.config)
  if (values.explain === undefined) return judge(values.config)
  const loaded = loadFrom(values.config)
  const { auth } = loaded.config
  const issuers = trustedIssuers(loaded.config)
  const { issuer = issuers[0] ?? '' } = values
  if (auth.mode !== 'none' && !issuers.includes(issuer))
    throw new Error(`--issuer ${issuer} is no trusted issuer; those are ${issuers.join(', ')}`)
  const caller = { id: values.explain, issuer, groups: values.group, roles: values.role }
  const sourceOf = (number: number): string | undefined => loaded.sources.get(`auth.rules[${number}].operations`)
  process.stdout.write(explainAccess(loaded.config, caller, { topic, consumerGroup }, sourceOf))
  if (auth.mode !== 'none' && values.issuer === undefined && issuers.length > 1)
    process.stdout.write(
      `This is so for a caller of ${issuer}; --issuer says another: ${issuers.slice(1).join(', ')}.\n`
    )
}
