import { javaOracle } from '../../support/java-oracle.ts'

/** Puts questions to Apache's own client, all in one run; the answers come in their order. See GroupOracle.java. */
export const oracle = (questions: readonly string[]): Promise<string[]> =>
  javaOracle(new URL('GroupOracle.java', import.meta.url), questions)
