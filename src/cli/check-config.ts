import { parseArgs } from 'node:util'
import { explainAccess, trustedIssuers } from '../auth/explain.ts'
import { describeConfig } from '../config/describe.ts'
import { loadFrom } from './config-option.ts'

const NO_TOPIC = '--explain needs a principal and a topic'

export const runCheckConfig = async (argv: string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      explain: { type: 'string' },
      group: { type: 'string', multiple: true, default: [] },
      role: { type: 'string', multiple: true, default: [] },
      issuer: { type: 'string' }
    }
  })
  const explains = values.explain !== undefined
  const asked = values.group.length + values.role.length > 0 || values.issuer !== undefined
  if (positionals.length !== (explains ? 1 : 0))
    throw new Error(explains ? NO_TOPIC : `Unexpected argument '${positionals[0]}'`)
  if (asked && !explains) throw new Error('--group, --role and --issuer belong to --explain PRINCIPAL TOPIC')
  const loaded = loadFrom(values.config)
  if (values.explain === undefined) {
    process.stdout.write(describeConfig(loaded))
    return
  }
  const { auth } = loaded.config
  const issuers = trustedIssuers(auth)
  const { issuer = issuers[0] ?? '' } = values
  if (auth.mode === 'oidc' && !issuers.includes(issuer))
    throw new Error(`--issuer ${issuer} is no trusted issuer; those are ${issuers.join(', ')}`)
  const caller = { id: values.explain, issuer, groups: values.group, roles: values.role }
  const sourceOf = (number: number): string | undefined => loaded.sources.get(`auth.rules[${number}].operations`)
  process.stdout.write(explainAccess(auth, caller, positionals[0], sourceOf))
  if (auth.mode === 'oidc' && values.issuer === undefined && issuers.length > 1)
    process.stdout.write(
      `This is so for a caller of ${issuer}; --issuer says another: ${issuers.slice(1).join(', ')}.\n`
    )
}
