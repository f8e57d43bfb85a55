import { conditionOf, defaultOf, isOptional, isSetOf, readingOf, typeOf, writingOf } from './expressions.ts'
import type { Field, Message, Struct } from './schema.ts'

const HELPERS = [
  'NO_UUID',
  'notInVersion',
  'readArray',
  'readBytes',
  'readTags',
  'readUuid',
  'writeArray',
  'writeBoolean',
  'writeBytes',
  'writePresence'
]

/** Returns the TypeScript of one request and its answer, not formatted. `name` is Kafka's, such as `CreateTopics`. */
export function moduleOf(name: string, request: Message, response: Message, kafkaVersion: string): string {
  const { versions, key, flexibleSince } = request
  const requests = structsOf(request.struct)
  const responses = structsOf(response.struct)
  const names = [...requests, ...responses].map(struct => struct.name)
  if (new Set(names).size < names.length) throw new RangeError(`${name}: request and answer name two structs alike`)
  const writesVersion = needsVersion(request.struct)
  const body = [
    `/** @see https://kafka.apache.org/protocol#The_Messages_${name} */
export const ${name[0].toLowerCase()}${name.slice(1)}: Message<${request.struct.name}, ${response.struct.name}> = {
  key: ${key}, min: ${versions.min}, max: ${versions.max}, flexibleSince: ${flexibleSince},
  write: (writer, ${writesVersion ? 'version' : '_version'}, request) => write${request.struct.name}(writer, ${writesVersion ? 'version, ' : ''}request),
  read: read${response.struct.name}
}`,
    ...requests.map(struct => interfaceOf(struct, true)),
    ...responses.map(struct => interfaceOf(struct, false)),
    ...requests.map(struct => writerOf(struct)),
    ...responses.map(struct => readerOf(struct))
  ].join('\n\n')
  const helpers = HELPERS.filter(helper => new RegExp(`\\b${helper}\\b`).test(body))
  return `// Generated from the definitions of Kafka ${kafkaVersion} by \`npm run messages:generate\`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { ${['type Message', ...helpers].join(', ')} } from './message.ts'

${body}
`
}

/** Returns the TypeScript of a table from API key to Kafka's name of the API. */
export function namesModuleOf(names: readonly (readonly [key: number, name: string])[], kafkaVersion: string): string {
  const entries = names.toSorted(([one], [other]) => one - other).map(([key, name]) => `${key}: '${name}'`)
  return `// Generated from the definitions of Kafka ${kafkaVersion} by \`npm run messages:generate\`; changes by hand are lost.
/** Kafka's names of the APIs that the gateway uses, by their key; for logs and metrics. */
export const KAFKA_APIS: Readonly<Record<number, string>> = {
${entries.join(',\n')}
}

/** Returns Kafka's name of an API, for logs. */
export function apiName(key: number): string {
  return KAFKA_APIS[key] ?? \`API \${key}\`
}
`
}

/** The struct and those of its fields, outer ones first. */
function structsOf(struct: Struct): Struct[] {
  const inner = struct.fields.flatMap(({ type }) => (typeof type === 'string' ? [] : structsOf(type)))
  return [...new Map([struct, ...inner].map(each => [each.name, each])).values()]
}

function needsVersion(struct: Struct): boolean {
  return struct.fields.some(
    ({ type, versions }) =>
      conditionOf(versions, struct.versions) !== '' || (typeof type !== 'string' && needsVersion(type))
  )
}

function interfaceOf({ name, fields, versions }: Struct, isRequest: boolean): string {
  const members = fields.map(field => {
    const mark = isRequest && isOptional(field, versions) ? '?' : ''
    const comment = field.about === '' ? '' : `/** ${field.about} */\n`
    return `${comment}readonly ${field.name}${mark}: ${typeOf(field)}`
  })
  return `export interface ${name} {\n${members.join('\n')}\n}`
}

function writerOf(struct: Struct): string {
  const tagged = struct.fields.find(({ tag }) => tag !== undefined)
  if (tagged !== undefined) throw new RangeError(`${tagged.name}: tagged fields of requests are not supported`)
  const statements = struct.fields.map(field => {
    const optional = isOptional(field, struct.versions)
    const statement = writingOf(field, optional, inner => callOf('write', inner))
    const condition = conditionOf(field.versions, struct.versions)
    if (condition === '') return statement
    const refusal = field.ignorable ? '' : `\nelse if (${isSetOf(field)}) notInVersion('${field.name}', version)`
    return `if (${condition}) ${statement}${refusal}`
  })
  const parameters = `writer: WireWriter, ${needsVersion(struct) ? 'version: number, ' : ''}value: ${struct.name}`
  return `function write${struct.name}(${parameters}): void {\n${[...statements, 'writer.noTags()'].join('\n')}\n}`
}

function readerOf(struct: Struct): string {
  const placed = struct.fields.filter(({ tag }) => tag === undefined)
  const tagged = struct.fields.filter(({ tag }) => tag !== undefined)
  const reading = (field: Field) => readingOf(field, inner => callOf('read', inner))
  const members = placed.map(field => {
    const condition = conditionOf(field.versions, struct.versions)
    return `${field.name}: ${condition === '' ? reading(field) : `${condition} ? ${reading(field)} : ${defaultOf(field)}`}`
  })
  const parameters = `reader: WireReader${needsVersion(struct) ? ', version: number' : ''}`
  const lines =
    tagged.length === 0
      ? [`const value = {\n${members.join(',\n')}\n}`, 'reader.skipTags()', 'return value']
      : [
          `const value = {\n${members.join(',\n')}\n}`,
          ...tagged.map(field => `let ${field.name} = ${defaultOf(field)}`),
          'readTags(reader, tag => {',
          ...tagged.map(field => `if (tag === ${field.tag}) ${field.name} = ${reading(field)}`),
          '})',
          `return { ...value, ${tagged.map(({ name }) => name).join(', ')} }`
        ]
  return `function read${struct.name}(${parameters}): ${struct.name} {\n${lines.join('\n')}\n}`
}

/** The beginning of a call of another function here, up to its value. */
function callOf(what: 'read' | 'write', struct: Struct): string {
  const version = needsVersion(struct) ? ', version' : ''
  return `${what}${struct.name}(${what === 'read' ? 'reader' : 'writer'}${version}`
}
