import { readFileSync } from 'node:fs'
import { lastGood } from '../core/lib/last-good.ts'
import { unreadable } from './file.ts'

/** Reads a secret from a file, without the line break at its end. Throws if the file is unreadable or empty. */
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

/** Returns a function that returns the secret as it is now: a secret from a file is read again at each call. */
export function currentSecret(text: string, file: string | undefined): () => string {
  return file === undefined ? () => text : lastGood(text, () => readSecret(file))
}
