import { nearest } from '../core/lib/nearest.ts'
import { expectation, type ListShape, type Member, type SectionShape, type Shape, type TextShape } from './shape.ts'
import type { ListTree, MapTree, ScalarTree, Tree } from './tree.ts'

const LONGEST_SHOWN = 60

const shown = (tree: Tree): string => {
  if (tree.kind === 'list') return tree.items.length === 0 ? 'an empty list' : 'a list'
  if (tree.kind !== 'scalar') return 'a section'
  if (tree.value === null) return 'empty'
  const text = withoutUserinfo(JSON.stringify(tree.value) ?? typeof tree.value)
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}

/** Returns a value for messages, without the password that an address may hold. */
const withoutUserinfo = (text: string): string => text.replace(/\/\/[^/@\s]+@/, '//(hidden)@')

/** Returns a hint for the most common mistake, in brackets. */
const hint = (tree: Tree, shape: Shape): string => {
  if (tree.kind !== 'scalar') return ''
  if (shape.kind === 'text' && ['number', 'boolean'].includes(typeof tree.value)) return ' (put it in quotes)'
  return shape.kind === 'section' && tree.value === null ? ' (one without keys is written {})' : ''
}

const refuse = (tree: Tree, shape: Shape, path: string, member: Member, problems: string[]): Tree => {
  const found = member.secret ? '' : `, not ${shown(tree)}`
  problems.push(`${tree.origin.place}: ${path} must be ${expectation(shape)}${found}${hint(tree, shape)}`)
  return { kind: 'spoiled', origin: tree.origin }
}

const fitsText = (shape: TextShape, value: unknown): boolean =>
  typeof value === 'string' && value.length >= shape.minLength && (shape.pattern?.test(value) ?? true)

const fitsScalar = (shape: Shape, { value }: ScalarTree): boolean => {
  switch (shape.kind) {
    case 'text':
      return fitsText(shape, value)
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && value >= shape.minimum && value <= shape.maximum
    case 'word':
      return typeof value === 'string' && shape.words.includes(value)
    case 'wordOrSection':
      return value === shape.word
    default:
      return false
  }
}

const checkList = (tree: ListTree, shape: ListShape, path: string, member: Member, problems: string[]): Tree => {
  if (tree.items.length < shape.minItems) return refuse(tree, shape, path, member, problems)
  const items = tree.items.map((item, index) => checkTree(item, shape.item, `${path}[${index}]`, member, problems))
  return { ...tree, items }
}

const unknownKey = (name: string, tree: Tree, section: SectionShape, path: string): string => {
  const meant = nearest(name, section.members.keys())
  const full = path === '' ? name : `${path}.${name}`
  return `${tree.origin.place}: ${full} is not a known key${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

const checkMap = (tree: MapTree, section: SectionShape, path: string, problems: string[]): Tree => {
  const entries = new Map<string, Tree>()
  for (const [name, entry] of tree.entries) {
    const member = section.members.get(name)
    if (member === undefined) {
      problems.push(unknownKey(name, entry, section, path))
      continue
    }
    const full = path === '' ? name : `${path}.${name}`
    if (member.fileOf !== undefined && tree.entries.has(member.fileOf)) {
      problems.push(`${entry.origin.place}: ${full} and ${member.fileOf} are both given; give one of the two`)
    }
    entries.set(name, checkTree(entry, member.shape, full, member, problems))
  }
  return { ...tree, entries }
}

const checkTree = (tree: Tree, shape: Shape, path: string, member: Member, problems: string[]): Tree => {
  if (tree.kind === 'spoiled') return tree
  const section = shape.kind === 'wordOrSection' ? shape.section : shape
  // All keys of a required section are commented out.
  const empty = tree.kind === 'scalar' && tree.value === null && shape.kind === 'section' && member.required
  if (empty) return { kind: 'map', entries: new Map(), origin: tree.origin }
  if (tree.kind === 'map' && section.kind === 'section') return checkMap(tree, section, path, problems)
  if (tree.kind === 'list' && shape.kind === 'list') return checkList(tree, shape, path, member, problems)
  if (tree.kind === 'scalar' && fitsScalar(shape, tree)) return tree
  return refuse(tree, shape, path, member, problems)
}

/**
 * Checks one layer against the schema. Reports and drops unknown keys; reports invalid values and marks them as spoiled.
 * Missing keys are checked later, because a lower layer may have them.
 */
export const checkLayer = (tree: Tree, shape: SectionShape, problems: string[]): Tree => {
  if (tree.kind === 'map') return checkMap(tree, shape, '', problems)
  if (tree.kind === 'scalar' && tree.value === null) return { kind: 'map', entries: new Map(), origin: tree.origin }
  if (tree.kind !== 'spoiled')
    problems.push(`${tree.origin.place}: the configuration must be a section of keys, not ${shown(tree)}`)
  return { kind: 'spoiled', origin: tree.origin }
}
