import { GatewayError } from '../../core/errors.ts'
import { compileLinear, LINEAR_SYNTAX, PatternError } from '../../core/lib/linear-pattern.ts'

/** Longer ones are nobody's; each is compiled, and matched against all topics. */
export const PATTERN_CHARACTERS = 1024

/** Whether a topic is meant. The whole name has to match, as in Kafka's clients. */
export type TopicPattern = (topic: string) => boolean

/**
 * Compiles a regular expression, in time linear in its length, that matches in time linear in the name's. Rejects with
 * INVALID_INSTANCE for what RE2 does not have.
 */
export async function compilePattern(text: string): Promise<TopicPattern> {
  if (text.length > PATTERN_CHARACTERS) throw invalid(`it has more than ${PATTERN_CHARACTERS} characters`)
  if (hasSetsWithinSets(text)) throw invalid('sets within sets and && are not supported')
  try {
    const compiled = await compileLinear(text)
    return topic => compiled.matches(topic)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw invalid(error.message)
  }
}

function invalid(reason: string): GatewayError {
  return new GatewayError('INVALID_INSTANCE', `topic_pattern: ${reason}. ${LINEAR_SYNTAX}.`)
}

/** Java means something by them in a set, RE2 takes them as they are. */
function hasSetsWithinSets(text: string): boolean {
  let inSet = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (!inSet && character === '[') {
      inSet = true
      // A `]` that comes first is one of the set.
      if (text[at + 1] === '^') at++
      if (text[at + 1] === ']') at++
    } else if (inSet && character === ']') inSet = false
    else if (inSet && (text.startsWith('&&', at) || (character === '[' && text[at + 1] !== ':'))) return true
    else if (inSet && character === '[') at = Math.max(at, text.indexOf(':]', at) + 1)
  }
  return false
}
