import type { Member, SectionShape, Shape } from './shape.ts'

/** The place where a value was given. */
export interface Origin {
  /** For `check-config`: `file config.yaml:12`, `environment KAFKA_REST_LOG_LEVEL`, `flag`. */
  readonly source: string
  /** Start of a problem's text: `config.yaml:12:3`. */
  readonly place: string
  /** Base of relative paths. */
  readonly directory: string
}

/** A value of one layer or of merged layers, each part with its origin. */
export type Tree = ScalarTree | ListTree | MapTree | SpoiledTree

export interface ScalarTree {
  readonly kind: 'scalar'
  readonly value: unknown
  readonly origin: Origin
}

export interface ListTree {
  readonly kind: 'list'
  readonly items: readonly Tree[]
  readonly origin: Origin
}

export interface MapTree {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Tree>
  readonly origin: Origin
}

/** An invalid value that has been reported: neither a value nor missing. */
export interface SpoiledTree {
  readonly kind: 'spoiled'
  readonly origin: Origin
}

/** Converts plain objects, arrays and scalars to a tree. Undefined members count as not given. */
export const treeOf = (value: unknown, origin: Origin): Tree => {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(item => treeOf(item, origin)), origin }
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', value, origin }
  const given = Object.entries(value).filter(([, member]) => member !== undefined)
  return { kind: 'map', entries: new Map(given.map(([name, member]) => [name, treeOf(member, origin)])), origin }
}

const sectionWithin = (shape: Shape | undefined): SectionShape | undefined => {
  if (shape?.kind === 'wordOrSection') return shape.section
  return shape?.kind === 'section' ? shape : undefined
}

/** Returns the other way to give a secret, as text or file: giving one replaces the other. */
const otherWay = (name: string, member: Member | undefined): string | undefined =>
  member?.secret ? `${name}File` : member?.fileOf

/** Merges `higher` over `lower`: sections key by key, everything else as a whole. */
export const merge = (lower: Tree, higher: Tree, shape: Shape): Tree => {
  const section = sectionWithin(shape)
  if (section === undefined || lower.kind !== 'map' || higher.kind !== 'map') return higher
  const entries = new Map(lower.entries)
  for (const [name, tree] of higher.entries) {
    const member = section.members.get(name)
    const replaced = otherWay(name, member)
    if (replaced !== undefined) entries.delete(replaced)
    const below = entries.get(name)
    entries.set(name, below === undefined || member === undefined ? tree : merge(below, tree, member.shape))
  }
  return { kind: 'map', entries, origin: higher.origin }
}
