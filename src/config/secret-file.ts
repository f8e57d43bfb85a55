import { readFileSync } from 'node:fs'
import { unreadable } from './file.ts'

/** Reads a secret: the text of its file without a line break at the end. Throws if it cannot be read, or is empty. */
export function readSecret(file: string): string {
  const text = textOf(file).replace(/\r?\n$/, '')
  if (text === '') throw new Error(`${file} is empty`)
  return text
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read: ${unreadable(error)}`, { cause: error })
  }
}

/**
 * Returns a function that gives the secret as it is now. If it was given by a file, that is read again at each call; while it
 * cannot be read, the last text stays.
 */
export function currentSecret(text: string, file: string | undefined): () => string {
  let last = text
  return () => {
    if (file === undefined) return text
    try {
      last = readSecret(file)
    } catch {
      // Being replaced at this moment, or gone: whoever it is shown to will say that it is old.
    }
    return last
  }
}
