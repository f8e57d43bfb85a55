import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '../../src/config/file.ts'
import type { Tree } from '../../src/config/tree.ts'

const parse = (text: string) =>
  parseYaml(text, (line, column) => ({ source: `file f:${line}`, place: `f:${line}:${column}`, directory: '.' }))

const plain = (tree: Tree): unknown => {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(plain)
  if (tree.kind === 'map') return Object.fromEntries([...tree.entries].map(([name, entry]) => [name, plain(entry)]))
  return 'spoiled'
}

test('the text is YAML 1.2: words such as no and on are texts', () => {
  const { tree, problems } = parse('a: no\nb: on\nc: true\nd: 010\ne: 0x10\nf: ~\ng: [1, two]\nh: {}\n')
  assert.deepEqual(problems, [])
  assert.deepEqual(plain(tree), { a: 'no', b: 'on', c: true, d: 10, e: 16, f: null, g: [1, 'two'], h: {} })
})

test('an empty text is an empty configuration', () => {
  for (const text of ['', '# nothing\n', '---\n']) assert.equal(plain(parse(text).tree), null)
})

test('every part knows the place of its key', () => {
  const { tree } = parse('a:\n  b:\n    - x\n    - y\n')
  assert.ok(tree.kind === 'map')
  const a = tree.entries.get('a')
  assert.ok(a?.kind === 'map')
  const b = a.entries.get('b')
  assert.ok(b?.kind === 'list')
  assert.equal(a.origin.place, 'f:1:1')
  assert.equal(b.origin.place, 'f:2:3')
  assert.equal(b.items[1].origin.place, 'f:4:7')
})

test('what would leave a doubt about the meaning is a problem with its place', () => {
  assert.deepEqual(parse('a: 1\na: 2\n').problems, ['f:2:1: Map keys must be unique'])
  assert.deepEqual(parse('a: 1\n---\nb: 1\n').problems, ['f:2:1: there is more than one document'])
  assert.deepEqual(parse('a: !thing 1\n').problems, ['f:1:4: Unresolved tag'])
  assert.deepEqual(parse('a:\n\tb: 1\n').problems, ['f:2:1: Tabs are not allowed as indentation'])
  assert.deepEqual(parse('[1]: x\n').problems, ['f:1:1: a key must be a word'])
  assert.deepEqual(parse('a: &x [1]\nb: *x\n').problems, [
    'f:2:1: YAML aliases (*name) are not supported; put a text that starts with * in quotes'
  ])
})

test('a list that contains itself ends', () => {
  assert.equal(parse('a: &x [*x]\n').problems.length, 1)
})
