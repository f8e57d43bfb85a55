import { nearest } from '../core/lib/nearest.ts'
import { parseYaml } from './file.ts'
import { allSettings, type Setting, VARIABLE_PREFIX } from './setting.ts'
import { type Origin, type Tree, treeOf } from './tree.ts'

/** Of development mode and of the tests; no settings of the gateway. */
const FOREIGN_PREFIXES = [`${VARIABLE_PREFIX}DEV_`, `${VARIABLE_PREFIX}TEST_`]

const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy']

/** The process's environment; this folder alone reads it. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env

/** The variables that name a proxy for outbound HTTP, in the form of `proxyEnv` of Node's agents. */
export const proxyEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(PROXY_VARIABLES.filter(name => env[name] !== undefined).map(name => [name, env[name]]))

const commaSeparated = (text: string): string[] => (text.trim() === '' ? [] : text.split(',').map(item => item.trim()))

/** The value of a variable, typed as its setting wants it; what does not fit stays a text and is refused with the rest. */
const treeOfVariable = ({ shape, variable }: Setting, text: string, problems: string[]): Tree => {
  const origin: Origin = { source: `environment ${variable}`, place: `environment ${variable}`, directory: '.' }
  if (shape.kind === 'integer') return { kind: 'scalar', value: /^-?\d{1,15}$/.test(text) ? Number(text) : text, origin }
  if (shape.kind === 'list' && shape.item.kind === 'text') return treeOf(commaSeparated(text), origin)
  if (shape.kind === 'text' || shape.kind === 'word') return { kind: 'scalar', value: text, origin }
  const parsed = parseYaml(text, (line, column) => ({ ...origin, place: `${origin.place}:${line}:${column}` }))
  problems.push(...parsed.problems)
  return parsed.tree
}

/** Sections on the way to a setting, filled in as the variables come. */
interface Branch {
  readonly kind: 'map'
  readonly entries: Map<string, Tree | Branch>
  readonly origin: Origin
}

const contradiction = (path: readonly string[], { variable }: Setting): string =>
  `environment ${variable}: ${path.join('.')} is given as a whole and in parts; give one of the two`

const plant = (root: Branch, setting: Setting, tree: Tree, problems: string[]): void => {
  let branch = root
  for (const [depth, step] of setting.path.slice(0, -1).entries()) {
    const next = branch.entries.get(step) ?? { kind: 'map', entries: new Map<string, Tree>(), origin: tree.origin }
    if (next.kind !== 'map' || !(next.entries instanceof Map)) {
      problems.push(contradiction(setting.path.slice(0, depth + 1), setting))
      return
    }
    branch.entries.set(step, next)
    branch = next as Branch
  }
  branch.entries.set(setting.path.at(-1) ?? '', tree)
}

const unknownVariables = (env: NodeJS.ProcessEnv): string[] => {
  const known = new Set(allSettings.map(setting => setting.variable))
  const unknown = Object.keys(env).filter(
    name => name.startsWith(VARIABLE_PREFIX) && !known.has(name) && !FOREIGN_PREFIXES.some(prefix => name.startsWith(prefix))
  )
  return unknown.map(name => {
    const meant = nearest(name, known)
    return `environment ${name} is not a known variable${meant === undefined ? '' : `; did you mean ${meant}?`}`
  })
}

/** The layer of the environment: one variable a setting. */
export const readEnvironment = (env: NodeJS.ProcessEnv): { tree: Tree; problems: string[] } => {
  const problems = unknownVariables(env)
  const root: Branch = { kind: 'map', entries: new Map(), origin: { source: 'environment', place: 'environment', directory: '.' } }
  for (const setting of allSettings) {
    const text = env[setting.variable]
    if (text !== undefined) plant(root, setting, treeOfVariable(setting, text, problems), problems)
  }
  return { tree: root as Tree, problems }
}
