import { GraphMembership } from '../../auth/graph-membership.ts'
import { KeyRing } from '../../auth/key-ring.ts'
import { KeySource } from '../../auth/key-source.ts'
import { Policy } from '../../auth/policy.ts'
import type { GraphConfig, OidcProviderConfig } from '../../config/auth-schema.ts'
import { issuersOf, TENANT_PLACE } from '../../config/issuers.ts'
import type { AuthConfig } from '../../config/schema.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { count } from '../count.ts'
import { isUnreached } from './reasons.ts'
import type { Hint, Report } from './report.ts'

/** Asks each provider for its keys, and Graph about nobody, as the gateway would. */
export const tryIdentity = async (
  auth: AuthConfig,
  report: Report,
  log: Log,
  proxyEnvironment: NodeJS.ProcessEnv
): Promise<void> => {
  if (auth.mode === 'none') return
  for (const [at, provider] of auth.oidc.entries())
    await tryProvider(`auth.oidc[${at}]`, provider, report, proxyEnvironment)
  if (auth.graph === undefined) return
  const graph = new GraphMembership(
    auth.graph,
    new Policy(auth),
    log,
    proxyEnvironment,
    () => performance.now(),
    2 * auth.graph.timeoutMs
  )
  for (const tenant of tenantsOf(auth.graph, auth.oidc)) await tryGraph(graph, tenant, report, proxyEnvironment)
  graph.close()
}

const tryProvider = async (
  setting: string,
  provider: OidcProviderConfig,
  report: Report,
  proxyEnvironment: NodeJS.ProcessEnv
): Promise<void> => {
  const source = new KeySource(provider, proxyEnvironment)
  let step = `${provider.issuer}, discovery of ${setting}`
  try {
    const address = await source.address()
    if (provider.jwksUri === undefined) report.ok(`${step}: the keys are at ${address}`)
    step = `${address}, keys of ${setting}`
    const ring = new KeyRing(await source.keys(address))
    const useless = await algorithmsWithoutKey(ring, provider)
    const keys = count(ring.size, 'key')
    if (useless.length < provider.algorithms.length) report.ok(`${step}: ${keys}`)
    else report.fail(`${step}: none of ${keys} fits ${useless.join(', ')}: check ${setting}.algorithms`)
  } catch (error) {
    report.fail(step, error, hintFor(`${setting}.caFile`, error, proxyEnvironment))
  } finally {
    source.close()
  }
}

const algorithmsWithoutKey = async (ring: KeyRing, provider: OidcProviderConfig): Promise<readonly string[]> => {
  const [issuer] = issuersOf(provider)
  const fitting = await Promise.all(provider.algorithms.map(alg => ring.candidates({ alg }, issuer)))
  return provider.algorithms.filter((_, at) => fitting[at].length === 0)
}

/** Each has a token endpoint of its own if the address says so. */
const tenantsOf = ({ tokenUrl }: GraphConfig, oidc: readonly OidcProviderConfig[]): readonly (string | undefined)[] =>
  tokenUrl.includes(TENANT_PLACE) ? [...new Set(oidc.flatMap(({ tenants }) => tenants))] : [undefined]

const tryGraph = async (
  graph: GraphMembership,
  tenant: string | undefined,
  report: Report,
  proxyEnvironment: NodeJS.ProcessEnv
): Promise<void> => {
  const step = `Microsoft Graph, of auth.graph${tenant === undefined ? '' : `, in tenant ${tenant}`}`
  try {
    await graph.tryOut(tenant)
    report.ok(`${step}: it takes the gateway's credentials, and tells memberships`)
  } catch (error) {
    const cause = error instanceof GatewayError ? (error.cause ?? new Error(error.detail)) : error
    report.fail(step, cause, hintFor('auth.graph.caFile', cause, proxyEnvironment))
  }
}

/** Names the variables of a proxy, not their values, which may hold a password. */
const hintFor = (caFile: string, error: unknown, proxyEnvironment: NodeJS.ProcessEnv): Hint => {
  const variables = Object.keys(proxyEnvironment)
  const isDoubtful = variables.length > 0 && isUnreached(error)
  const advice = isDoubtful ? `; the environment names a proxy: ${variables.join(', ')}` : ''
  return { peer: { kind: 'service', caFile }, advice }
}
