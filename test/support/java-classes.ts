import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The folder with the classes of a Java program: compiled once for each of its versions, where `java FILE` would compile at each start. */
export async function javaClasses(libs: string, source: string): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(source)).update(libs).digest('hex').slice(0, 16)
  const classes = resolve('.local', `classes-${digest}`)
  if (existsSync(classes)) return classes
  const unfinished = `${classes}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  await run('javac', ['-cp', join(libs, '*'), '-d', unfinished, source])
  try {
    renameSync(unfinished, classes)
  } catch {
    // Another test was quicker.
    rmSync(unfinished, { recursive: true, force: true })
  }
  return classes
}
