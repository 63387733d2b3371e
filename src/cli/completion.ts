import type { Argument, Command, Option } from 'commander'
import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import { taskNames } from '../load/library.ts'

/** What may follow a command: `path` is its words, such as "provision lab". */
interface Place {
  path: string
  commands: { name: string; description: string }[]
  options: Option[]
  /** Words that its arguments allow; empty where files are meant. */
  values: string[]
}

const writers: Record<string, (places: Place[]) => string> = { bash, zsh, fish }

/** The completion script of a shell for the whole command line. */
export function completion(program: Command, shell: string): string {
  const write = writers[shell]
  if (!write) throw new UsageError(`no completion for '${shell}'`, didYouMean(shell, Object.keys(writers)))
  return write(placesOf(program, program.name()))
}

function placesOf(command: Command, path: string): Place[] {
  // Options of the command that is meant when none is named are offered at the top as well.
  const named = command.commands.find((one) => one.name() === 'run')
  const place = {
    path,
    commands: command.commands.map((one) => ({ name: one.name(), description: one.description() })),
    options: [...command.options, ...(named?.options ?? [])],
    values: command.registeredArguments.flatMap(valuesOf),
  }
  return [place, ...command.commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`))]
}

function valuesOf(argument: Argument): string[] {
  if (argument.name() === 'task') return taskNames()
  if (argument.name() === 'shell') return Object.keys(writers)
  return argument.argChoices ?? []
}

function flagsOf(option: Option): string[] {
  return [option.short, option.long].filter((flag) => flag !== undefined)
}

function choicesOf(places: Place[]): { path: string; flag: string; choices: string[] }[] {
  return places
    .flatMap(({ path, options }) =>
      options.flatMap((option) =>
        flagsOf(option).map((flag) => ({ path, flag, choices: option.argChoices ?? [] })),
      ),
    )
    .filter(({ choices }) => choices.length > 0)
}

/** Shell lines that follow the words typed so far down to a command; sets `at`. */
function descend(places: Place[], indent: string): string {
  const paths = places.filter(({ path }) => path.includes(' '))
  return paths.map(({ path }) => `${indent}'${path}') at='${path}' ;;`).join('\n')
}

function bash(places: Place[]): string {
  const values = choicesOf(places).map(
    ({ path, flag, choices }) => `    '${path} ${flag}') words='${choices.join(' ')}' ;;`,
  )
  const words = places.map(({ path, commands, options, values }) => {
    const all = [...commands.map((one) => one.name), ...values, ...options.flatMap(flagsOf)]
    return `      '${path}') words='${all.join(' ')}' ;;`
  })
  return `# bash completion of provision; load it with: source <(provision completion bash)
_provision() {
  local at=provision word words= cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
${descend(places, '      ')}
    esac
  done
  case "$at $prev" in
${values.join('\n')}
    *) case "$at" in
${words.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _provision provision
`
}

function zsh(places: Place[]): string {
  const values = choicesOf(places).map(
    ({ path, flag, choices }) => `    '${path} ${flag}') compadd -- ${choices.join(' ')}; return ;;`,
  )
  const words = places.map(({ path, commands, options, values }) => {
    const flags = options.flatMap((option) =>
      flagsOf(option).map((flag) => described(flag, option.description)),
    )
    const names = [
      ...commands.map((one) => described(one.name, one.description)),
      ...values.map((value) => described(value, '')),
    ]
    return `    '${path}') names=(${names.join(' ')}) flags=(${flags.join(' ')}) ;;`
  })
  return `#compdef provision
# zsh completion of provision; load it with: source <(provision completion zsh)
_provision() {
  local at=provision word
  local -a names flags
  for word in \${words[2,CURRENT-1]}; do
    case "$at $word" in
${descend(places, '      ')}
    esac
  done
  case "$at $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then _describe option flags; return; fi
  (( $#names )) && _describe word names
  _files
}
compdef _provision provision
`
}

/** A word and its meaning as _describe takes them. */
function described(word: string, meaning: string): string {
  return single(meaning === '' ? word : `${word.replaceAll(':', '\\:')}:${meaning}`)
}

function single(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function fish(places: Place[]): string {
  const lines = places.flatMap(({ path, commands, options, values }) => {
    const condition = `-n "__provision_at '${path}'"`
    return [
      ...commands.map(
        (one) => `complete -c provision ${condition} -a ${one.name} -d ${fishQuote(one.description)}`,
      ),
      ...values.map((value) => `complete -c provision ${condition} -f -a ${value}`),
      ...options.map((option) => `complete -c provision ${condition} ${fishOption(option)}`),
    ]
  })
  const paths = places.map(({ path }) => fishQuote(path)).join(' ')
  return `# fish completion of provision; load it with: provision completion fish | source
function __provision_at
    set -l at provision
    for word in (commandline -opc)[2..]
        contains -- "$at $word" ${paths}; and set at "$at $word"
    end
    test "$at" = "$argv[1]"
end
${lines.join('\n')}
`
}

function fishOption(option: Option): string {
  const flags = [option.short && `-s ${option.short.slice(1)}`, option.long && `-l ${option.long.slice(2)}`]
  const value = option.argChoices
    ? `-x -a ${fishQuote(option.argChoices.join(' '))}`
    : option.required
      ? '-r'
      : ''
  return [...flags, value, `-d ${fishQuote(option.description)}`].filter(Boolean).join(' ')
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
