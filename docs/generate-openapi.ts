import { writeFileSync } from 'node:fs'
import { apiDescriptionText } from '../src/http/openapi/page.ts'

writeFileSync(new URL('openapi.json', import.meta.url), apiDescriptionText())
