import { writeFileSync } from 'node:fs'
import { apiDescriptionText } from '../src/server/apis.ts'

writeFileSync(new URL('openapi.json', import.meta.url), apiDescriptionText())
