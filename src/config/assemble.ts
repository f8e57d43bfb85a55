import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { unreadable } from './file.ts'
import { readSecret } from './secret-file.ts'
import { variableName } from './setting.ts'
import type { Member, SectionShape, Shape } from './shape.ts'
import type { MapTree, ScalarTree, Tree } from './tree.ts'

/** Makes the configuration from the merged layers and the defaults, and collects sources and problems. */
export class Assembly {
  /** Source of each value by dotted path, in the order of the schema. */
  readonly sources = new Map<string, string>()
  readonly places = new Map<string, string>()
  readonly problems: string[] = []
  /** Paths that are missing or invalid, so that rules about them are not checked. */
  readonly spoiled = new Set<string>()

  section(shape: SectionShape, tree: MapTree | undefined, path: string): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    for (const [name, member] of shape.members) {
      if (member.fileOf !== undefined) {
        const file = tree?.entries.get(name)
        if (member.kept && file?.kind === 'scalar') values[name] = resolve(file.origin.directory, String(file.value))
        continue
      }
      const full = path === '' ? name : `${path}.${name}`
      const value = this.#member(member, tree?.entries.get(name), tree?.entries.get(`${name}File`), full)
      if (value !== undefined) values[name] = value
    }
    return values
  }

  #member(member: Member, tree: Tree | undefined, fileTree: Tree | undefined, path: string): unknown {
    if (tree !== undefined) return this.#value(member, member.shape, tree, path)
    if (member.secret && fileTree !== undefined) return this.#secretFrom(fileTree, path)
    if (member.default !== undefined) {
      this.sources.set(path, 'default')
      return structuredClone(member.default)
    }
    if (!member.required) return undefined
    if (member.shape.kind === 'section') return this.section(member.shape, undefined, path)
    this.#missing(member, path)
    return undefined
  }

  #missing(member: Member, path: string): void {
    this.spoiled.add(path)
    const list = path.slice(0, path.lastIndexOf(']') + 1)
    const place = list === '' ? '' : `${this.places.get(list) ?? list}: `
    const variable = list === '' ? ` (environment: ${variableName(path.split('.'))})` : ''
    this.problems.push(`${place}${path} is missing${variable}. ${member.description}`)
  }

  #value(member: Member, shape: Shape, tree: Tree, path: string): unknown {
    this.places.set(path, tree.origin.place)
    if (tree.kind === 'spoiled') {
      this.spoiled.add(path)
      return undefined
    }
    if (tree.kind === 'map') {
      if (tree.entries.size === 0) this.sources.set(path, tree.origin.source)
      const section = shape.kind === 'wordOrSection' ? shape.section : shape
      return section.kind === 'section' ? this.section(section, tree, path) : undefined
    }
    if (tree.kind === 'list' && shape.kind === 'list') {
      const { item } = shape
      if (item.kind === 'text' || tree.items.length === 0) this.sources.set(path, tree.origin.source)
      return tree.items.map((entry, index) => this.#item(member, item, entry, `${path}[${index}]`, path))
    }
    if (tree.kind !== 'scalar') return undefined
    this.sources.set(path, tree.origin.source)
    if (member.fileUnless !== undefined && tree.value !== member.fileUnless) return this.#appendable(tree, path)
    return member.file ? this.#readable(tree, path) : tree.value
  }

  /** Returns the texts of a list, whose one source is that of the list. */
  #item(member: Member, shape: Shape, tree: Tree, path: string, listPath: string): unknown {
    if (shape.kind === 'section' || tree.kind !== 'scalar') {
      if (tree.kind === 'spoiled') this.spoiled.add(listPath)
      return this.#value(member, shape, tree, path)
    }
    return tree.value
  }

  /** Returns the absolute path of a readable file. Refuses others here rather than at the first connection. */
  #readable(tree: ScalarTree, path: string): string {
    const file = resolve(tree.origin.directory, String(tree.value))
    try {
      accessSync(file, constants.R_OK)
    } catch (error) {
      this.spoiled.add(path)
      this.problems.push(`${tree.origin.place}: ${path}: ${file} cannot be read: ${unreadable(error)}`)
    }
    return file
  }

  /** Returns the absolute path of a file that can be written or created. */
  #appendable(tree: ScalarTree, path: string): string {
    const file = resolve(tree.origin.directory, String(tree.value))
    const found = statSync(file, { throwIfNoEntry: false })
    const place = found === undefined ? dirname(file) : file
    const objection = found?.isDirectory() ? 'is a folder' : unwritable(place)
    if (objection !== undefined) {
      this.spoiled.add(path)
      this.problems.push(`${tree.origin.place}: ${path}: ${place} ${objection}`)
    }
    return file
  }

  #secretFrom(tree: Tree, path: string): string | undefined {
    this.places.set(path, tree.origin.place)
    if (tree.kind !== 'scalar') {
      this.spoiled.add(path)
      return undefined
    }
    this.sources.set(path, tree.origin.source)
    const file = resolve(tree.origin.directory, String(tree.value))
    try {
      return readSecret(file)
    } catch (error) {
      this.problems.push(`${tree.origin.place}: ${path}File: ${error instanceof Error ? error.message : String(error)}`)
    }
    this.spoiled.add(path)
    return undefined
  }
}

function unwritable(place: string): string | undefined {
  try {
    accessSync(place, constants.W_OK)
    return undefined
  } catch (error) {
    return `cannot be written: ${unreadable(error)}`
  }
}
