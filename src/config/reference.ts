import { type Setting, settingsOf, variableName } from './setting.ts'
import { configShape, type Member, type SectionShape } from './shape.ts'

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/schema.ts by \`npm run docs:generate\`; changes by hand are lost. -->

A value comes from the highest layer that gives it: defaults, then the YAML file of \`--config\`, then the environment.
\`kafka-rest-gateway check-config --config FILE\` judges a configuration without starting anything, prints every value with
its source, opens the files that it names (keys and certificates that belong together, are PEM and valid now), and ends with a
verdict; all problems are reported together, each with its place. \`serve\` judges the same before it starts. With \`--connect\` it
[tries](operations.md#before-the-start) the cluster and the providers too. Unknown keys and unknown \`KAFKA_REST_\`
variables are refused, except those that start with \`KAFKA_REST_DEV_\` or \`KAFKA_REST_TEST_\`.

- The file is YAML 1.2. Duplicate keys, aliases and further documents are refused. A relative path in it starts at the
  folder of the file; elsewhere it starts at the working directory.
- In a variable a list is written with commas. \`auth.oidc\`, a list of sections, is set as a whole, as YAML or JSON:
  \`KAFKA_REST_AUTH_OIDC='[{"issuer":"https://…","audience":["…"]}]'\`.
- A secret may stand in a file of its own: \`passwordFile\` in place of \`password\`, \`…_PASSWORD_FILE\` in place of
  \`…_PASSWORD\`. To give both in one layer is refused.
- An optional section counts as given as soon as one of its keys is. \`kafka.tls: {}\` (\`KAFKA_REST_KAFKA_TLS={}\`) means
  TLS with the system's certificates.
- Outbound HTTP honours \`HTTPS_PROXY\`, \`HTTP_PROXY\` and \`NO_PROXY\`.

The least that works:

\`\`\`yaml
listen:
  tls: { certFile: server.pem, keyFile: server.key } # or the word none, for plain HTTP
kafka:
  bootstrapServers: [broker:9092]
auth:
  oidc:
    - issuer: https://sts.windows.net/<tenant>/
      audience: [api://kafka.example.com] # the App ID URI of your own registration
      jwksUri: https://login.microsoftonline.com/<tenant>/discovery/v2.0/keys
  permittedGroups: [<object id of a security group>]
\`\`\`
`

const code = (text: string): string => `\`${text}\``

const defaultCell = ({ member, optionalSection }: Setting): string => {
  if (member.default !== undefined) return code(JSON.stringify(member.default))
  if (!member.required) return ''
  return optionalSection === undefined ? '**required**' : `required in ${code(optionalSection)}`
}

const typeCell = ({ member, shape }: Setting): string => {
  if (member.file) return 'path of a file'
  if (member.fileUnless !== undefined) return `${code(member.fileUnless)} or path of a file`
  if (member.shape.kind === 'wordOrSection') return `${code(member.shape.word)} or the keys below`
  if (shape.kind === 'word') return shape.words.map(code).join(', ')
  if (shape.kind === 'section') return `${code('{}')} or the keys below`
  if (shape.kind === 'text') return 'text'
  if (shape.kind === 'integer') return `integer, ${shape.minimum} to ${shape.maximum}`
  if (shape.item.kind === 'section') return 'list of sections'
  return shape.item.pattern === undefined ? 'list of texts' : `list of texts, each ${shape.item.expects}`
}

const meaning = ({ member }: Setting): string => `${member.description}${member.secret ? ' Never printed.' : ''}`

/** Formats a table with aligned columns, as oxfmt does. */
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cells = [heads, ...rows].map(row => row.map(text => text.replaceAll('|', '\\|')))
  const widths = heads.map((_, column) => Math.max(...cells.map(row => row[column].length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')
}

const sectionTable = (name: string, section: SectionShape, path = [name]): string => {
  const rows = settingsOf(section, path).map(setting => [
    code(setting.name),
    code(setting.variable),
    typeCell(setting),
    defaultCell(setting),
    meaning(setting)
  ])
  return `## ${name}\n\n${table(['key', 'environment', 'type', 'default', 'meaning'], rows)}\n`
}

const listTable = (path: string, section: SectionShape): string => {
  const rows = settingsOf(section).map(setting => [
    code(setting.name),
    typeCell(setting),
    defaultCell(setting),
    meaning(setting)
  ])
  const variable = code(variableName(path.split('.')))
  return `### ${path}[]

Keys of each section in ${code(path)}; in the environment all of them stand in ${variable}.

${table(['key', 'type', 'default', 'meaning'], rows)}
`
}

const listTables = (name: string, section: SectionShape): string[] =>
  settingsOf(section, [name]).flatMap(({ name: path, shape }) =>
    shape.kind === 'list' && shape.item.kind === 'section' ? [listTable(path, shape.item)] : []
  )

const chapter = ([name, { shape }]: readonly [string, Member]): string[] =>
  shape.kind === 'section' ? [sectionTable(name, shape), ...listTables(name, shape)] : []

/** The keys outside of sections. */
const single = (): string => {
  const members = [...configShape.members].filter(([, { shape }]) => shape.kind !== 'section')
  return sectionTable('In no section', { ...configShape, members: new Map(members) }, [])
}

/** Returns the text of `docs/configuration.md`. */
export const configReference = (): string =>
  [INTRODUCTION, ...[...configShape.members].flatMap(chapter), single()].join('\n')
