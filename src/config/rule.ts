import type { Config } from './schema.ts'

/** A rule's problem: the path to blame, and a sentence that names it. */
export interface Objection {
  readonly path: string
  readonly text: string
}

/** A condition on several keys. Checked only if everything under `about` is valid in itself. */
export interface Rule {
  readonly about: readonly string[]
  judge(config: Config): readonly Objection[]
}

export const object = (path: string, text: string): Objection => ({ path, text: `${path} ${text}` })
