import type { Command } from './command.ts'

const CONFIG_OPTION = ['--config FILE', 'YAML file; without it the environment must give everything'] as const

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'serve',
    {
      summary: 'Serve an existing Kafka cluster.',
      usage: '[--config FILE]',
      options: [CONFIG_OPTION],
      run: async argv => (await import('./serve.ts')).runServe(argv)
    }
  ],
  [
    'dev',
    {
      summary: 'Serve on this machine only, with a Kafka broker, an identity provider and certificates of its own.',
      usage: '[--port PORT] [--data-dir FOLDER] [--ephemeral]',
      options: [
        ['--port PORT', 'port to listen on (default 9400)'],
        ['--data-dir FOLDER', 'folder for all data (default .local)'],
        ['--ephemeral', 'delete the data at the end']
      ],
      run: async argv => (await import('./dev.ts')).runDev(argv)
    }
  ],
  [
    'check-config',
    {
      summary:
        'Check a configuration and the files that it names, and print every value with its source, secrets hidden.',
      usage: '[--config FILE] [--connect | --explain …]',
      options: [
        CONFIG_OPTION,
        ['--connect', 'connect instead to Kafka and the identity providers, and say step by step what works'],
        ['--explain PRINCIPAL TOPIC', 'say instead what a caller may do with a topic, and by which rule'],
        ['--consumer-group NAME', 'the same for a consumer group, beside the topic or in its place'],
        ['--group GROUP', 'a group of the caller'],
        ['--role ROLE', 'a role of the caller'],
        ['--issuer ISSUER', 'who issued their token (default: the first of auth.oidc)']
      ],
      run: async argv => (await import('./check-config.ts')).runCheckConfig(argv)
    }
  ],
  [
    'key',
    {
      summary: 'Make, list and revoke API keys: edit the file of auth.apiKeys.file.',
      usage: 'create --principal NAME | list | revoke ID',
      options: [
        CONFIG_OPTION,
        ['--file FILE', 'file of keys, in place of the one that the configuration names; made if it is not there'],
        ['--principal NAME', 'whom a new key stands for'],
        ['--group GROUP', 'a group of theirs'],
        ['--role ROLE', 'a role of theirs'],
        ['--network NETWORK', 'where the key may be used, such as 10.0.0.0/8 (default: anywhere)'],
        ['--days DAYS', 'when the key expires (default: never)'],
        ['--kafka NAME', 'as which of kafka.credentials its caller acts in Kafka (default: by kafka.identityMap)']
      ],
      run: async argv => (await import('./key.ts')).runKey(argv)
    }
  ],
  [
    'user',
    {
      summary: 'Set, list and remove users with passwords: edit the file of auth.basic.file.',
      usage: 'set NAME | list | remove NAME',
      options: [
        CONFIG_OPTION,
        ['--file FILE', 'file of users, in place of the one that the configuration names; made if it is not there'],
        ['--group GROUP', 'a group of theirs'],
        ['--role ROLE', 'a role of theirs']
      ],
      run: async argv => (await import('./user.ts')).runUser(argv)
    }
  ],
  [
    'openapi',
    {
      summary: 'Print the description of the API, in OpenAPI 3.1.',
      usage: '',
      options: [],
      run: async argv => (await import('./openapi.ts')).runOpenApi(argv)
    }
  ],
  [
    'completion',
    {
      summary: 'Print completions, for the start-up file of a shell.',
      usage: 'bash|zsh|fish',
      options: [],
      run: async argv => (await import('./completion.ts')).runCompletion(argv, commands)
    }
  ],
  [
    'version',
    {
      summary: 'Print the version.',
      usage: '',
      options: [],
      run: async argv => (await import('./version.ts')).runVersion(argv)
    }
  ]
])
