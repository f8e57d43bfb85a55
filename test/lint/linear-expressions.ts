import { checkSync } from 'recheck'

/** What the linter hands over of its syntax tree: ESTree's nodes, by the members that are read here. */
interface Node {
  readonly type: string
  readonly value?: unknown
  readonly regex?: { readonly pattern: string; readonly flags: string }
  readonly name?: string
}

interface Construction extends Node {
  readonly callee: Node
  readonly arguments: readonly Node[]
}

interface Context {
  report(finding: { readonly node: unknown; readonly message: string }): void
}

// The analysis compiled to JavaScript: nothing is started, and nothing asked of the network.
process.env.RECHECK_BACKEND = 'pure'
/** However long it takes: a busy machine must not decide. */
const PROOF = { checker: 'automaton', timeout: null } as const
/** For what the proof does not know, such as a look-ahead: strings are tried, the same ones each time. */
const TRIAL = { checker: 'fuzz', timeout: null, randomSeed: 1 } as const

/**
 * Returns why an expression must not meet a stranger's bytes: there are strings for which it takes more than time in
 * proportion to their length. Undefined if it is proved linear.
 */
function fault(pattern: string, flags: string): string | undefined {
  const proof = checkSync(pattern, flags, PROOF)
  const found = proof.status === 'unknown' ? checkSync(pattern, flags, TRIAL) : proof
  if (found.status === 'safe') return undefined
  return found.status === 'vulnerable' ? found.complexity.summary : `not judged: ${found.error.kind}`
}

const textOf = (node: Node | undefined): string | undefined =>
  typeof node?.value === 'string' ? node.value : undefined

function create(context: Context) {
  const judge = (node: unknown, pattern: string, flags: string) => {
    const found = fault(pattern, flags)
    if (found !== undefined) context.report({ node, message: `This expression is not linear (${found}).` })
  }
  const judgeConstruction = (node: Construction) => {
    if (node.callee.name !== 'RegExp') return
    const [pattern, flags] = node.arguments
    const text = textOf(pattern)
    if (text === undefined) context.report({ node, message: 'The pattern is made at run time: nobody can judge it.' })
    else judge(node, text, textOf(flags) ?? '')
  }
  return {
    Literal(node: Node) {
      if (node.regex !== undefined) judge(node, node.regex.pattern, node.regex.flags)
    },
    NewExpression: judgeConstruction,
    CallExpression: judgeConstruction
  }
}

/** A plugin for the linter: every regular expression is proved to take time in proportion to what it reads. */
export default { meta: { name: 'kafka-rest' }, rules: { 'linear-expressions': { create } } }
