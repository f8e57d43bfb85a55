import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCE = join(ROOT, 'src')

/** A file imports its own folder and folders of a lower rank. A file belongs to the longest path here that it begins with. */
const RANKS: Readonly<Record<string, number>> = {
  'main.ts': 8,
  cli: 8,
  server: 7,
  'api/v1': 6,
  'api/v2': 6,
  'api/site': 6,
  'api/management': 6,
  'api/shared': 5,
  http: 4,
  gateway: 3,
  kafka: 2,
  auth: 2,
  dev: 2,
  telemetry: 2,
  config: 1,
  core: 0
}

/** Where each library may be imported. The first folder owns it; the others are exceptions, each with its reason. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  '@node-rs/crc32': ['kafka'],
  '@platformatic/wasm-utils': ['kafka'],
  'close-with-grace': ['server'],
  ajv: ['api/shared'],
  'content-type': ['http'],
  'find-my-way': ['http'],
  'json-schema-to-ts': ['core'],
  'lru-cache': ['core'],
  asn1js: ['auth'],
  pkijs: ['auth'],
  ws: ['http'],
  re2js: ['core'],
  negotiator: ['http'],
  jose: ['auth', 'dev'], // dev: the local identity provider signs the tokens that auth verifies
  '@opentelemetry/api': ['telemetry'],
  '@opentelemetry/exporter-trace-otlp-http': ['telemetry'],
  '@opentelemetry/resources': ['telemetry'],
  '@opentelemetry/sdk-trace': ['telemetry'],
  pino: ['telemetry'],
  yaml: ['config']
}

const MOST_LINES = 300

interface Import {
  readonly from: string
  readonly specifier: string
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => file.split(sep).join('/'))
    .sort()

const textOf = (file: string, folder = SOURCE): string => readFileSync(join(folder, file), 'utf8')

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')

const IMPORTS = [
  /^\s*(?:import|export)\s[^'"`;]*?\sfrom\s+['"]([^'"]+)['"]/gm,
  /^\s*import\s+['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g
]

const importsOf = (file: string, folder = SOURCE): Import[] => {
  const text = withoutComments(textOf(file, folder))
  return IMPORTS.flatMap(pattern => [...text.matchAll(pattern)].map(([, specifier]) => ({ from: file, specifier })))
}

const folderOf = (file: string): string =>
  Object.keys(RANKS)
    .filter(folder => file === folder || file.startsWith(`${folder}/`))
    .reduce((longest, folder) => (folder.length > longest.length ? folder : longest), '')

const targetOf = ({ from, specifier }: Import): string =>
  normalize(join(dirname(from), specifier))
    .split(sep)
    .join('/')

const isRelative = ({ specifier }: Import): boolean => specifier.startsWith('.')

const packageOf = ({ specifier }: Import): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

const show = ({ from, specifier }: Import): string => `${from} imports ${specifier}`

let sources: string[]
let imports: Import[]

before(() => {
  sources = filesIn(SOURCE)
  imports = sources.flatMap(file => importsOf(file))
})

test('the rules below have imports to judge, of this folder structure and of libraries', () => {
  assert.ok(imports.filter(isRelative).length > 20, `only ${imports.length} imports found`)
  assert.ok(imports.some(entry => packageOf(entry) === 'yaml'))
  assert.ok(imports.some(entry => entry.from === 'main.ts'))
})

test('every import is seen: as many as the text has lines that look like one', () => {
  for (const file of sources) {
    const text = withoutComments(textOf(file))
    const statements = text.match(/^(import\b(?!\(|\.meta)|export\s.*\sfrom\s|\} from ')/gm) ?? []
    const heads = statements.filter(line => line !== "} from '").length
    const found = importsOf(file).length - (text.match(/\bimport\('/g) ?? []).length
    assert.ok(found >= heads, `${file}: ${heads} import statements, ${found} understood`)
    assert.doesNotMatch(text, /\bimport\((?!\s*['"])/, `${file}: a dynamic import without a literal escapes this test`)
    assert.doesNotMatch(text, /\brequire\(/, `${file}: require`)
  }
})

test('every folder has a rank', () => {
  for (const file of sources) assert.ok(folderOf(file) in RANKS, file)
})

test('a file imports only its own folder and folders of a lower rank', () => {
  const wrong = imports.filter(isRelative).filter(entry => {
    const [from, to] = [folderOf(entry.from), folderOf(targetOf(entry))]
    const within = from === to || (from === 'main.ts' && to === 'cli')
    return !within && !(RANKS[from] > RANKS[to])
  })
  assert.deepEqual(wrong.map(show), [])
})

test('kafka/ knows no error of HTTP: the catalogue is for those above it', () => {
  const wrong = imports.filter(entry => folderOf(entry.from) === 'kafka' && isRelative(entry))
  assert.deepEqual(wrong.filter(entry => targetOf(entry) === 'core/errors.ts').map(show), [])
})

test('http/ names no path of an API', () => {
  const paths = sources
    .filter(file => folderOf(file).startsWith('api/'))
    .flatMap(file => Array.from(withoutComments(textOf(file)).matchAll(/path: ['"`]\/([a-z][\w-]*)/g)))
  const first = new Set(paths.map(([, segment]) => segment))
  assert.ok(
    ['v1', 'consumers', 'topics', 'health', 'metrics'].every(segment => first.has(segment)),
    [...first].join()
  )
  const naming = new RegExp(`['"\`]/(${[...first, 'v2'].join('|')})\\b`)
  const wrong = sources.filter(file => folderOf(file) === 'http' && naming.test(withoutComments(textOf(file))))
  assert.deepEqual(wrong, [])
})

test('relative imports name an existing source file, extension included', () => {
  const known = new Set(sources)
  assert.deepEqual(
    imports
      .filter(isRelative)
      .filter(entry => !known.has(targetOf(entry)))
      .map(show),
    []
  )
})

test('each library is imported in the folder that owns it', () => {
  const outside = imports.filter(entry => !isRelative(entry) && !entry.specifier.startsWith('node:'))
  const wrong = outside.filter(entry => !(LIBRARIES[packageOf(entry)] ?? []).includes(folderOf(entry.from)))
  assert.deepEqual(wrong.map(show), [])
})

test('only config/ reads the environment of the process', () => {
  const reading = /process\s*(\?\.|\.)\s*env\b|process\s*\[|\benv\b[^;\n]*from 'node:process'/
  const wrong = sources.filter(file => folderOf(file) !== 'config' && reading.test(withoutComments(textOf(file))))
  assert.deepEqual(wrong, [])
})

test('only telemetry/ and cli/ write to the terminal', () => {
  const writing = /\bconsole\.|process\.std(out|err)\b/
  const wrong = sources.filter(
    file => !['telemetry', 'cli'].includes(folderOf(file)) && writing.test(withoutComments(textOf(file)))
  )
  assert.deepEqual(wrong, [])
})

test(`no source file has more than ${MOST_LINES} lines`, () => {
  const long = sources.filter(file => textOf(file).split('\n').length - 1 > MOST_LINES)
  assert.deepEqual(long, [])
})

test('no file imports itself by way of others, in src/ and beside it', () => {
  const all = ['src', 'bench', 'docs', 'scripts', 'test'].flatMap(folder =>
    filesIn(join(ROOT, folder)).map(file => `${folder}/${file}`)
  )
  const targets = new Map(all.map(file => [file, importsOf(file, ROOT).filter(isRelative).map(targetOf)]))
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    const loop = way.indexOf(file)
    assert.equal(loop, -1, [...way.slice(loop), file].join(' → '))
    if (done.has(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...way, file])
    done.add(file)
  }
  for (const file of all) visit(file, [])
})
