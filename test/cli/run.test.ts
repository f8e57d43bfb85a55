import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { kafkaRestProxy } from './support/command-line.ts'

test('--help names every command, and so does a call without arguments, which is an error', async () => {
  const help = await kafkaRestProxy(['--help'])
  assert.equal(help.exitCode, 0)
  assert.equal(help.stderr, '')
  for (const name of ['serve', 'dev', 'check-config', 'openapi', 'completion', 'version']) {
    assert.match(help.stdout, new RegExp(`^  ${name} +\\S`, 'm'))
  }
  assert.deepEqual(await kafkaRestProxy([]), { exitCode: 2, stdout: '', stderr: help.stdout })
  assert.deepEqual(await kafkaRestProxy(['-h']), help)
})

test('every command explains itself with --help, without doing anything', async () => {
  for (const [name, { summary, options }] of commands) {
    const { exitCode, stdout, stderr } = await kafkaRestProxy([name, '--help'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.ok(stdout.replaceAll(/\s+/g, ' ').startsWith(`${summary} Usage: `))
    assert.ok(stdout.includes(`kafka-rest-gateway ${name}`))
    for (const [flag] of options) assert.ok(stdout.includes(`  ${flag} `), flag)
  }
})

test('an unknown command or flag is one line on standard error and exit code 2', async () => {
  for (const [argv, line] of [
    [['versoin'], "kafka-rest-gateway: unknown command 'versoin'; did you mean version?\n"],
    [['xyzzy'], "kafka-rest-gateway: unknown command 'xyzzy'; see kafka-rest-gateway --help\n"],
    [['constructor'], "kafka-rest-gateway: unknown command 'constructor'; see kafka-rest-gateway --help\n"],
    [['--config'], "kafka-rest-gateway: unknown option '--config'; see kafka-rest-gateway --help\n"],
    [
      ['serve', '--confg', 'x'],
      "kafka-rest-gateway: Unknown option '--confg'; did you mean --config? see kafka-rest-gateway serve --help\n"
    ],
    [['version', 'x'], "kafka-rest-gateway: Unexpected argument 'x'; see kafka-rest-gateway version --help\n"],
    [
      ['check-config', '--config'],
      "kafka-rest-gateway: Option '--config <value>' argument missing; see kafka-rest-gateway check-config --help\n"
    ]
  ] as const) {
    assert.deepEqual(await kafkaRestProxy(argv), { exitCode: 2, stdout: '', stderr: line })
  }
})

test('help fits 80 columns and has no colours, and --version and help are understood', async () => {
  for (const argv of [['--help'], ...[...commands.keys()].map(name => [name, '--help'])]) {
    const { stdout } = await kafkaRestProxy(argv, { FORCE_COLOR: '1' })
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
    assert.ok(!stdout.includes('\u001B'))
  }
  assert.deepEqual(await kafkaRestProxy(['--version']), await kafkaRestProxy(['version']))
  assert.deepEqual(await kafkaRestProxy(['help']), await kafkaRestProxy(['--help']))
})
