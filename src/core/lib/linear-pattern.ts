import type { RE2JS } from 're2js'

export type LinearPattern = RE2JS

/** What a message may say to whoever meant Java's syntax. */
export const LINEAR_SYNTAX =
  'It is read as RE2 reads it, which has no lookaround, no backreferences and no possessive quantifiers'

/**
 * Compiles a regular expression of RE2's syntax, in time linear in its length, that matches in time linear in the text's. The
 * library is loaded when it is first needed. Rejects with a {@link PatternError} for what RE2 does not have.
 */
export async function compileLinear(text: string): Promise<LinearPattern> {
  const { RE2JS, RE2JSException } = await import('re2js')
  try {
    return RE2JS.compile(text)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    throw new PatternError(error.message)
  }
}

/** A pattern that cannot be compiled; the message says why. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}
