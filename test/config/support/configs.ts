import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { ConfigError } from '../../../src/config/config-error.ts'
import { type ConfigSources, loadConfig } from '../../../src/config/load.ts'

/** The least that is accepted, without any file. */
export const leastEnvironment = {
  KAFKA_REST_LISTEN_TLS: 'none',
  KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: 'broker:9092',
  KAFKA_REST_AUTH_MODE: 'none'
}

/** Authenticates, as JSON, which is YAML too. */
export const provider = {
  issuer: 'https://sts.windows.net/tenant/',
  audience: ['https://gateway.example'],
  jwksUri: 'https://login.example/keys'
}

/** A folder that goes away after the tests of the file. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'config-test-'))

  constructor() {
    after(() => rmSync(this.path, { recursive: true }))
  }

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const file = join(this.path, name)
    writeFileSync(file, text)
    return file
  }
}

/** What is wrong with a configuration; empty when it is accepted. */
export const problemsOf = (sources: ConfigSources): readonly string[] => {
  try {
    loadConfig(sources)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
