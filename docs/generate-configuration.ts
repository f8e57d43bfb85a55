import { writeFileSync } from 'node:fs'
import { configReference } from '../src/config/reference.ts'

writeFileSync(new URL('configuration.md', import.meta.url), configReference())
