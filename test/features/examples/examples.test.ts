import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  appWithGroups,
  appWithoutGroups,
  outsider,
  HDINSIGHT_RESOURCE,
  type Application
} from '../../../src/dev/identity/directory.ts'
import { exampleVariables } from '../../../src/dev/paste-lines.ts'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const run = promisify(execFile)
const example = (path: string): string => fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url))
const PYTHON_VALUES = [
  'a string',
  '42',
  '2.5',
  '{"city": "Reykjav\\u00edk", "people": 140000}',
  '[{"id": 1, "name": "first"}, {"id": 2, "name": "second"}, {"id": 3, "name": "third"}]',
  '{"group": 7, "server": {"id": 1, "tags": ["a", "b"], "parts": [{"id": 1}, {"id": 2}]}}'
]

/** A Python with the sample's requirements, made the first time and kept. */
async function samplePython(): Promise<string> {
  const folder = join('.local', 'python-sample')
  const python = join(folder, 'bin', 'python')
  const requirements = readFileSync(example('python/requirements.txt'), 'utf8')
  const stamp = join(folder, 'requirements.txt')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === requirements) return python
  await run('python3', ['-m', 'venv', '--clear', folder])
  await run(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    example('python/requirements.txt')
  ])
  writeFileSync(stamp, requirements)
  return python
}

suite('The examples', () => {
  let gateway: TestGateway
  let python: string
  before(async () => {
    gateway = await TestGateway.start()
    python = await samplePython()
  })
  after(() => gateway.close())

  /** What development mode prints, for another application. */
  const environment = ({ clientId, clientSecret }: Application) => {
    const { identity, certificates } = gateway.services
    const gatewayUrl = `https://127.0.0.1:${gateway.port}`
    const printed = exampleVariables({ gatewayUrl, tokenUrl: identity.tokenUrl, caFile: certificates.caFile })
    return { ...printed, PATH: process.env.PATH, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret }
  }

  const assertPython = (output: string) => {
    const lines = new Map(
      output
        .trim()
        .split('\n')
        .map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])
    )
    assert.deepEqual([...lines.keys()], ['created', 'produced', 'consumed', 'partitions', 'partition', 'deleted'])
    assert.deepEqual(JSON.parse(lines.get('consumed') ?? ''), PYTHON_VALUES)
    assert.equal(JSON.parse(lines.get('partition') ?? '').latest_offset, PYTHON_VALUES.length)
  }

  for (const [application, how] of [
    [appWithGroups, 'carry groups'],
    [appWithoutGroups, 'carry none, so that Graph is asked']
  ] as const) {
    test(`in Python, with msal: run to the end with an application whose tokens ${how}`, async () => {
      const { stdout } = await run(python, [example('python/sample.py')], {
        env: environment(application)
      })
      assertPython(stdout)
    })

    test(`in Python, as a client of HDInsight, Microsoft's name resolved to the local provider: the tokens ${how}`, async () => {
      const unchanged: NodeJS.ProcessEnv = { ...environment(application), SCOPE: `${HDINSIGHT_RESOURCE}/.default` }
      delete unchanged.AUTHORITY
      const resolver = fileURLToPath(new URL('./resolve_to_local.py', import.meta.url))
      const port = String(gateway.services.identity.port)
      const { stdout } = await run(python, [resolver, port, example('python/sample.py')], { env: unchanged })
      assertPython(stdout)
    })
  }

  test('in Python: an application in no permitted group is refused at its first call', async () => {
    const failed = await run(python, [example('python/sample.py')], {
      env: environment(outsider)
    }).catch((error: { stderr: string }) => error.stderr)
    assert.match(String(failed), /PUT topics\/sample_\w+: 403 .*"code":"NOT_PERMITTED"/)
  })

  test('in Node, with fetch: run to the end', async () => {
    const { stdout } = await run(process.execPath, [example('node/sample.ts')], { env: environment(appWithGroups) })
    assert.match(stdout, /^consumed \["a string","42","\{\\"city\\":\\"Reykjavík\\"\}"\]$/m)
    assert.match(stdout, /^deleted /m)
  })

  test('with curl: run to the end', async () => {
    const { stdout } = await run('bash', [example('curl/sample.sh')], { env: environment(appWithoutGroups) })
    const lines = stdout.trim().split('\n')
    assert.deepEqual(JSON.parse(lines[1]), { offsets: [0, 1, 2].map(offset => ({ partition: 0, offset })) })
    const values = lines
      .slice(2, 4)
      .flatMap(line => JSON.parse(line).records.map(({ value }: { value: string }) => value))
    assert.deepEqual(values, ['a string', '42', '{"a":[1.0]}'])
    assert.match(lines.at(-1) ?? '', /^\{"topic":"sample_\d+"\}$/)
  })

  suite('that write lines', () => {
    const topic = uniqueTopic('lines')
    before(() => gateway.createTopic(topic, { partition_count: 1 }))

    test('in Python, with requests: every record is answered', async () => {
      const { stdout } = await run(python, [example('python/lines.py'), topic], { env: environment(appWithGroups) })
      assert.equal(stdout, 'stored 5000\n')
    })

    test('in Node and with curl: each record is answered with its place', async () => {
      const { stdout: byNode } = await run(process.execPath, [example('node/lines.ts'), topic], {
        env: environment(appWithGroups)
      })
      const script = `seq 2 | sed 's/.*/{"value":&}/' | bash ${example('curl/lines.sh')} ${topic}`
      const { stdout: byCurl } = await run('bash', ['-c', script], { env: environment(appWithGroups) })
      const answers = (byNode + byCurl).trimEnd().split('\n')
      assert.deepEqual(
        answers.map(answer => JSON.parse(answer)),
        Array.from({ length: 5 }, (_, at) => ({ partition: 0, offset: 5000 + at }))
      )
    })
  })
})
