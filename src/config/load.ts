import { Assembly } from './assemble.ts'
import { checkLayer } from './check.ts'
import { ConfigError } from './config-error.ts'
import { readEnvironment } from './environment.ts'
import { readConfigFile } from './file.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'
import type { Config } from './schema.ts'
import { configShape } from './shape.ts'
import { merge, type Tree, treeOf } from './tree.ts'

export interface ConfigSources {
  /** Path of the YAML file. Without it, environment and flags must give everything. */
  readonly file?: string
  readonly env: NodeJS.ProcessEnv
  /** The top layer: a part of a configuration, as plain objects. */
  readonly flags?: Readonly<Record<string, unknown>>
}

export interface LoadedConfig {
  /** Deeply frozen. Paths of files are absolute; a secret holds the text of its file. */
  readonly config: Config
  /** By dotted path (`auth.oidc[0].issuer`): `default`, `file <path>:<line>`, `environment <NAME>` or `flag`. */
  readonly sources: ReadonlyMap<string, string>
}

export const freezeDeeply = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) freezeDeeply(member)
    Object.freeze(value)
  }
  return value
}

const contains = (path: string, inner: string): boolean =>
  inner === path || inner.startsWith(`${path}.`) || inner.startsWith(`${path}[`)

const isSound = (rule: Rule, { spoiled }: Assembly): boolean =>
  rule.about.every(path => ![...spoiled].some(wrong => contains(path, wrong) || contains(wrong, path)))

const judge = (config: Config, assembly: Assembly): string[] =>
  rules
    .filter(rule => isSound(rule, assembly))
    .flatMap(rule => rule.judge(config))
    .map(({ path, text }) => {
      const place = assembly.places.get(path)
      return place === undefined ? text : `${place}: ${text}`
    })

const readLayers = ({ file, env, flags }: ConfigSources): { layers: Tree[]; problems: string[] } => {
  const sources = [
    ...(file === undefined ? [] : [readConfigFile(file)]),
    readEnvironment(env),
    { tree: treeOf(flags ?? {}, { source: 'flag', place: 'flag', directory: '.' }), problems: [] }
  ]
  const problems = sources.flatMap(source => source.problems)
  return { layers: sources.map(source => checkLayer(source.tree, configShape, problems)), problems }
}

/**
 * Loads and validates the whole configuration: defaults, overridden by the file, the environment and the flags.
 *
 * @throws ConfigError with every problem of every layer
 */
export const loadConfig = (from: ConfigSources): LoadedConfig => {
  const { layers, problems } = readLayers(from)
  // A layer that cannot be parsed may hold any key, so do not call keys missing.
  if (layers.some(layer => layer.kind === 'spoiled')) throw new ConfigError(problems)
  const merged = layers.reduce((lower, higher) => merge(lower, higher, configShape))
  const assembly = new Assembly()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values without a problem fit the schema; a property test holds that.
  const config = assembly.section(configShape, merged.kind === 'map' ? merged : undefined, '') as Config
  problems.push(...assembly.problems, ...judge(config, assembly))
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: freezeDeeply(config), sources: assembly.sources }
}
