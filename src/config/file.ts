import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml'
import type { Origin, Tree } from './tree.ts'

/** Turns a position in the text (characters from its start) into an origin. */
type Locate = (position: number) => Origin

/** Cuts a message of the parser at the first colon: some quote the file after it, which may be a secret. */
const reason = (error: YAMLError): string =>
  error.code === 'MULTIPLE_DOCS' ? 'there is more than one document' : error.message.split(':', 1)[0]

interface Reading {
  readonly locate: Locate
  readonly problems: string[]
}

const start = (node: unknown): number | undefined =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? undefined) : undefined

/** `position` is that of the key, which tells an operator more than that of a value one line below. */
const treeOfNode = (node: unknown, position: number, reading: Reading): Tree => {
  const origin = reading.locate(position)
  if (isMap(node)) {
    const entries = new Map<string, Tree>()
    for (const { key, value } of node.items) {
      const keyPosition = start(key) ?? position
      if (isScalar(key)) entries.set(String(key.value), treeOfNode(value, keyPosition, reading))
      else reading.problems.push(`${reading.locate(keyPosition).place}: a key must be a word`)
    }
    return { kind: 'map', entries, origin }
  }
  if (isSeq(node)) {
    return { kind: 'list', items: node.items.map(item => treeOfNode(item, start(item) ?? position, reading)), origin }
  }
  if (isAlias(node)) {
    reading.problems.push(
      `${origin.place}: YAML aliases (*name) are not supported; put a text that starts with * in quotes`
    )
    return { kind: 'spoiled', origin }
  }
  return { kind: 'scalar', value: isScalar(node) ? node.value : null, origin }
}

/**
 * Parses YAML 1.2 (where `no` is a text) into a tree with the origin of every part. Reports duplicate keys, aliases, unknown
 * tags and a second document as problems.
 */
export const parseYaml = (
  text: string,
  originAt: (line: number, column: number) => Origin
): { tree: Tree; problems: string[] } => {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, version: '1.2' })
  const locate: Locate = position => {
    const { line, col } = lineCounter.linePos(position)
    return originAt(Math.max(line, 1), Math.max(col, 1))
  }
  const problems = [...document.errors, ...document.warnings].map(
    error => `${locate(error.pos[0]).place}: ${reason(error)}`
  )
  if (problems.length > 0) return { tree: { kind: 'spoiled', origin: locate(0) }, problems }
  const tree = treeOfNode(document.contents, start(document.contents) ?? 0, { locate, problems })
  return { tree, problems }
}

/** Returns Node's message without path and code: `no such file or directory`. */
export const unreadable = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return 'errno' in error && typeof error.errno === 'number' ? getSystemErrorMessage(error.errno) : error.message
}

/** Reads the layer of the file. Relative paths in it start at its folder. */
export const readConfigFile = (file: string): { tree: Tree; problems: string[] } => {
  const name = basename(file)
  const directory = dirname(resolve(file))
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const origin = { source: `file ${file}`, place: name, directory }
    return { tree: { kind: 'spoiled', origin }, problems: [`${file}: cannot be read: ${unreadable(error)}`] }
  }
  return parseYaml(text, (line, column) => ({
    source: `file ${file}:${line}`,
    place: `${name}:${line}:${column}`,
    directory
  }))
}
