import { parseArgs } from 'node:util'
import type { Command } from './command.ts'

type Commands = ReadonlyMap<string, Command>

const flagsOf = ({ options }: Command): string[] => [...options.map(([flag]) => flag.split(' ')[0]), '--help']

const bash = (commands: Commands): string => `_kafka_rest_gateway() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=
  if [ "$COMP_CWORD" -eq 1 ]; then words="${[...commands.keys()].join(' ')} --help --version"; else
    case "\${COMP_WORDS[1]}" in
${[...commands].map(([name, command]) => `      ${name}) words="${flagsOf(command).join(' ')}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _kafka_rest_gateway kafka-rest-gateway
`

const zsh = (commands: Commands): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`

const fish = (commands: Commands): string => {
  const lines: string[] = []
  for (const [name, command] of commands) {
    lines.push(`complete -c kafka-rest-gateway -n __fish_use_subcommand -f -a ${name} -d "${command.summary}"`)
    for (const flag of flagsOf(command))
      lines.push(`complete -c kafka-rest-gateway -n "__fish_seen_subcommand_from ${name}" -l ${flag.slice(2)}`)
  }
  return `${lines.join('\n')}\n`
}

const scripts: ReadonlyMap<string, (commands: Commands) => string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish]
])

/** Prints the script by which a shell completes commands and options. */
export const runCompletion = (argv: string[], commands: Commands): void => {
  const { positionals } = parseArgs({ args: argv, options: {}, allowPositionals: true })
  const script = positionals.length === 1 ? scripts.get(positionals[0]) : undefined
  if (script === undefined)
    throw new Error(`completion needs the name of one shell: ${[...scripts.keys()].join(', ')}.`)
  process.stdout.write(script(commands))
}
