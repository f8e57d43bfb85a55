import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { deadLinks } from './dead-links.ts'

/** `npm run check:links`: every link from one page of this repository to another leads somewhere, sections included. */
const ROOT = fileURLToPath(new URL('../', import.meta.url))
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
const dead = deadLinks(ROOT, pages)
for (const line of dead) process.stdout.write(`${line}\n`)
process.stdout.write(`Links of ${pages.length} pages followed: ${dead.length} dead.\n`)
if (dead.length > 0) process.exitCode = 1
