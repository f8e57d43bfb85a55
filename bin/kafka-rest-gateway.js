#!/usr/bin/env node
// Written for whatever Node is installed: it must live long enough to say that it is too old.
import { existsSync } from 'fs'

const REQUIRED = [24, 9]

const [major, minor] = process.versions.node.split('.').map(Number)

if (major < REQUIRED[0] || (major === REQUIRED[0] && minor < REQUIRED[1])) {
  process.stderr.write(
    `kafka-rest-gateway: needs Node ${REQUIRED.join('.')} or newer, but this is Node ${process.versions.node}.\n`
  )
  process.exit(1)
} else {
  // The published package carries compiled code; a clone runs its sources.
  const compiled = new URL('../dist/main.js', import.meta.url)
  void import(existsSync(compiled) ? compiled.href : new URL('../src/main.ts', import.meta.url).href)
}
