import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { DevError } from '../../../src/dev/dev-error.ts'
import { kafkaJars, kafkaVersion } from '../../../src/dev/kafka/jars.ts'

/** Programs that look like Java and Maven stand first on a path with nothing else on it. */
suite("Kafka's jars", () => {
  const path = process.env.PATH
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-jars-'))
    process.env.PATH = folder
  })
  afterEach(() => {
    process.env.PATH = path
    rmSync(folder, { recursive: true, force: true })
  })

  const install = (name: string, script: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const installJava = (version: string) => install('java', `echo 'openjdk version "${version}" 2026-01-01' >&2`)
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length
  const fetchJars = () => kafkaJars(folder, () => undefined)
  const refusal = (message: RegExp) => (error: unknown) => error instanceof DevError && message.test(error.message)

  test('are fetched once: the next start asks Maven nothing', async () => {
    installJava('17.0.15')
    install('mvn', `echo "$@" >> ${folder}/calls`)
    const libs = await fetchJars()
    assert.equal(libs, join(folder, `kafka-${kafkaVersion}`))
    assert.equal(await fetchJars(), libs)
    assert.equal(calls(), 1)
    assert.match(readFileSync(join(folder, 'calls'), 'utf8'), new RegExp(`-DoutputDirectory=${libs}`))
  })

  test('are fetched again when the list of them has changed', async () => {
    installJava('17.0.15')
    install('mvn', `echo "$@" >> ${folder}/calls`)
    writeFileSync(join(await fetchJars(), 'complete'), 'an older list')
    await fetchJars()
    assert.equal(calls(), 2)
  })

  test('count as missing after a fetch that failed, whose last lines are told', async () => {
    installJava('21')
    install('mvn', 'echo "[ERROR] no route to the repository"; exit 1')
    await assert.rejects(fetchJars(), refusal(/^Maven could not fetch Kafka:\n\[ERROR\] no route to the repository/))
    assert.equal(existsSync(join(folder, `kafka-${kafkaVersion}`, 'complete')), false)
  })

  test(
    'an error that Maven prints to stderr is told too, however much it prints there',
    { timeout: 20_000 },
    async () => {
      installJava('21')
      const flood = `i=0; while [ $i -lt 5000 ]; do echo "WARNING: line $i of many, each some sixty characters long ........" >&2; i=$((i+1)); done`
      install('mvn', `${flood}; echo "Error: could not find or load main class" >&2; exit 1`)
      await assert.rejects(
        fetchJars(),
        refusal(/^Maven could not fetch Kafka:\n[^]*\nError: could not find or load main class/)
      )
    }
  )

  test('without Maven: says that it is missing', async () => {
    installJava('17.0.15')
    await assert.rejects(fetchJars(), refusal(/^Maven was not found\. Install it/))
  })

  for (const [version, said] of [
    ['11.0.2', 'Java 11'],
    ['1.8.0_402', 'Java 8']
  ]) {
    test(`with ${version}: says that it is too old`, async () => {
      installJava(version)
      await assert.rejects(fetchJars(), refusal(new RegExp(`^${said} is too old for Kafka .* JDK 17 or later\\.$`)))
    })
  }
})
