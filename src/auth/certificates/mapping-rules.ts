import { compileLinear, LINEAR_SYNTAX, type LinearPattern, PatternError } from '../../core/lib/linear-pattern.ts'

/** Maps the name of a certificate to that of a principal; undefined if no rule is about it. */
export type NameMapping = (name: string) => string | undefined

/** `RULE:pattern/replacement/` with `L` or `U` at its end; a slash within a part stands behind a backslash. */
const RULE = /^RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?)$/s

/**
 * Compiles rules of the form of Kafka's `ssl.principal.mapping.rules` (KIP-371), one a text. The first whose pattern matches
 * the whole name counts. Rejects with an Error that says which rule is at fault, and why.
 */
export async function compileMapping(rules: readonly string[]): Promise<NameMapping> {
  const mappings = await Promise.all(rules.map(compileRule))
  return name => {
    for (const mapping of mappings) {
      const mapped = mapping(name)
      if (mapped !== undefined) return mapped
    }
    return undefined
  }
}

async function compileRule(rule: string, index: number): Promise<NameMapping> {
  if (rule === 'DEFAULT') return name => name
  const found = RULE.exec(rule)
  if (found === null)
    throw new Error(`auth.certificates.mappingRules[${index}] is neither DEFAULT nor RULE:pattern/replacement/[LU]`)
  const [, pattern, replacement, letters] = found
  const compiled = await compilePattern(pattern, index)
  const pieces = piecesOf(replacement, compiled.groupCount())
  return name => {
    if (!compiled.matches(name)) return undefined
    const result = replaceAll(name, compiled, pieces)
    if (letters === '') return result
    return letters === 'L' ? result.toLowerCase() : result.toUpperCase()
  }
}

async function compilePattern(pattern: string, index: number): Promise<LinearPattern> {
  try {
    return await compileLinear(pattern)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw new Error(`auth.certificates.mappingRules[${index}]: ${error.message}. ${LINEAR_SYNTAX}.`, { cause: error })
  }
}

/** A text that stands for itself, or the number of a group. */
type Piece = string | number

/**
 * Reads a replacement as Java does: `$1` is a group, of as many digits as there are groups for; what follows a backslash is
 * itself. A group that the pattern does not have stands for itself, as in Kafka.
 */
function piecesOf(replacement: string, groups: number): readonly Piece[] {
  return Array.from(replacement.matchAll(/\\(.)|\$(\d+)|[^\\$]+|[\\$]/gs)).flatMap(
    ([text, escaped, digits]): Piece[] => {
      if (escaped !== undefined) return [escaped]
      if (digits === undefined) return [text]
      let length = digits.length
      while (length > 0 && Number(digits.slice(0, length)) > groups) length--
      return length === 0 ? [text] : [Number(digits.slice(0, length)), digits.slice(length)]
    }
  )
}

function replaceAll(name: string, pattern: LinearPattern, pieces: readonly Piece[]): string {
  const matcher = pattern.matcher(name)
  let result = ''
  let end = 0
  while (matcher.find()) {
    result += name.slice(end, matcher.start())
    for (const piece of pieces) result += typeof piece === 'string' ? piece : (matcher.group(piece) ?? '')
    end = matcher.end()
  }
  return result + name.slice(end)
}
