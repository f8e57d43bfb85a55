import { nearest } from '../core/lib/nearest.ts'
import { parseYaml } from './file.ts'
import { allSettings, type Setting, VARIABLE_PREFIX } from './setting.ts'
import { type Origin, type Tree, treeOf } from './tree.ts'

/** Prefixes of variables for development mode and tests, which are no settings. */
const FOREIGN_PREFIXES = [`${VARIABLE_PREFIX}DEV_`, `${VARIABLE_PREFIX}TEST_`]

const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy']

/** Returns the environment of the process. Only this folder reads it. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env

/** Returns the variables that name a proxy for outbound HTTP, in the form of `proxyEnv` of Node's agents. */
export const proxyEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(
    PROXY_VARIABLES.filter(name => env[name] !== undefined).map(name => [
      name,
      NO_PROXY.test(name) ? env[name] : withScheme(env[name] ?? '')
    ])
  )

const NO_PROXY = /^no_proxy$/i

/** Adds the scheme http, which other programs assume; Node ignores an address without one. */
const withScheme = (address: string): string =>
  address === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`

/** Returns problems of proxies that Node would silently bypass. Quotes no value: it may hold a password. */
const strangeProxies = (env: NodeJS.ProcessEnv): string[] =>
  PROXY_VARIABLES.filter(name => !NO_PROXY.test(name) && (env[name] ?? '') !== '').flatMap(name => {
    const url = URL.parse(withScheme(env[name] ?? ''))
    if (url !== null && /^https?:$/.test(url.protocol)) return []
    const found = url === null ? '' : `, not ${url.protocol}//`
    return [
      `environment ${name} must be the address of an HTTP proxy: http://host:port, https://host:port or host:port${found}`
    ]
  })

/** Set by a parent for its workers. Not a setting, so without the prefix. */
const WORKER_NAME = 'GATEWAY_WORKER_NAME'

/** Returns what a parent adds to the environment of a worker: its name in the log. */
export const workerEnvironment = (name: string): NodeJS.ProcessEnv => ({ [WORKER_NAME]: name })

export const workerName = (env: NodeJS.ProcessEnv = process.env): string => env[WORKER_NAME] ?? ''

const commaSeparated = (text: string): string[] => (text.trim() === '' ? [] : text.split(',').map(item => item.trim()))

/** Converts a variable to the type of its setting. What does not fit stays a text, which the schema check refuses. */
const treeOfVariable = ({ shape, variable }: Setting, text: string, problems: string[]): Tree => {
  const origin: Origin = { source: `environment ${variable}`, place: `environment ${variable}`, directory: '.' }
  if (shape.kind === 'integer')
    return { kind: 'scalar', value: /^-?\d{1,15}$/.test(text) ? Number(text) : text, origin }
  if (shape.kind === 'list' && shape.item.kind === 'text') return treeOf(commaSeparated(text), origin)
  if (shape.kind === 'text' || shape.kind === 'word') return { kind: 'scalar', value: text, origin }
  const parsed = parseYaml(text, (line, column) => ({ ...origin, place: `${origin.place}:${line}:${column}` }))
  problems.push(...parsed.problems)
  return parsed.tree
}

interface Given {
  readonly setting: Setting
  readonly tree: Tree
}

const environmentOrigin: Origin = { source: 'environment', place: 'environment', directory: '.' }

/** Builds a tree of settings whose paths agree up to `depth`. */
const grow = (given: readonly Given[], depth: number, problems: string[]): Tree => {
  const entries = new Map<string, Tree>()
  for (const [step, group] of Map.groupBy(given, ({ setting }) => setting.path[depth])) {
    const whole = group.find(({ setting }) => setting.path.length === depth + 1)
    if (whole !== undefined && group.length > 1) {
      problems.push(
        `${whole.tree.origin.place}: ${whole.setting.name} is given as a whole and in parts; give one of the two`
      )
    }
    entries.set(step, whole?.tree ?? grow(group, depth + 1, problems))
  }
  return { kind: 'map', entries, origin: environmentOrigin }
}

const unknownVariables = (env: NodeJS.ProcessEnv): string[] => {
  const known = new Set(allSettings.map(setting => setting.variable))
  const unknown = Object.keys(env).filter(
    name =>
      name.startsWith(VARIABLE_PREFIX) && !known.has(name) && !FOREIGN_PREFIXES.some(prefix => name.startsWith(prefix))
  )
  return unknown.map(name => {
    const meant = nearest(name, known)
    return `environment ${name} is not a known variable${meant === undefined ? '' : `; did you mean ${meant}?`}`
  })
}

/** Returns the variables that are set but without effect, because a higher layer gives their settings. */
export const overriddenVariables = (env: NodeJS.ProcessEnv, sources: ReadonlyMap<string, string>): string[] => {
  const inForce = new Set(sources.values())
  return allSettings
    .map(({ variable }) => variable)
    .filter(variable => env[variable] !== undefined && !inForce.has(`environment ${variable}`))
}

/** Reads the layer of the environment, one variable for each setting. */
export const readEnvironment = (env: NodeJS.ProcessEnv): { tree: Tree; problems: string[] } => {
  const problems = [...unknownVariables(env), ...strangeProxies(env)]
  const given: Given[] = []
  for (const setting of allSettings) {
    const text = env[setting.variable]
    if (text !== undefined) given.push({ setting, tree: treeOfVariable(setting, text, problems) })
  }
  return { tree: grow(given, 0, problems), problems }
}
