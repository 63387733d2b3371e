import { quote } from '../../base/shell.ts'
import type { Json } from '../../core/json.ts'
import { hasTemplate } from '../template/template.ts'
import { keyText } from '../template/values.ts'
import { inFull } from './ansibleadapt.ts'
import { expressionOf } from './ansibleloops.ts'
import type { Draft, Given } from './ansiblerules.ts'

/** What a shell would read and a program started without one would not. */
const SHELL = /[$*?[\]|&;<>()`~#\\]/

export function adaptCommand(draft: Draft): void {
  adaptWords(draft)
  const cmd = draft.written('cmd', '_raw_params')
  const isShell = draft.key.endsWith('shell')
  const foreign = inFull(draft) || cmd?.bare === true
  const executable = draft.written('executable')
  delete draft.args.executable
  if (executable !== undefined) adaptExecutable(draft, executable)
  if (typeof cmd?.value !== 'string' || !foreign) return
  const plain = cmd.value.replaceAll(/\{\{.*?\}\}/g, '')
  if (!isShell && SHELL.test(plain))
    draft.notes.add(
      "it runs with sh, to which $ * ? | & ; < > and the like mean something; quote them in '...'",
    )
  if (isShell && /pipefail|\[\[|<\(|\bsource /.test(plain))
    draft.notes.add(
      "it runs with /bin/sh, which is dash on Debian: 'pipefail', [[ ]] and <( ) need: cmd: bash -c '...'",
    )
  if (['creates', 'removes'].every((name) => draft.args[name] === undefined))
    draft.notes.add(
      "it runs each time, as in Ansible; say 'changes: false' if it only reads, or guard it by creates, removes or unless",
    )
}

/** `argv`: each word is one for the shell, too. */
function adaptWords(draft: Draft): void {
  const argv = draft.written('argv')
  if (argv === undefined) return
  const words = Array.isArray(argv.value) ? argv.value.map(shellWord) : [undefined]
  draft.foreign = true
  if (!words.includes(undefined)) draft.args.cmd = words.join(' ')
  else
    draft.refuse(
      argv,
      "'argv' wants a list of words, each a text or a single template",
      'write the words in one line: cmd: program word "another word"',
    )
}

function shellWord(word: Json): string | undefined {
  if (word === null || typeof word === 'object') return undefined
  const expression = expressionOf(String(word))
  if (expression !== undefined) return `{{ (${expression.trim()}) | string | quote }}`
  return hasTemplate(String(word)) ? undefined : quote(String(word))
}

function adaptExecutable(draft: Draft, executable: Given): void {
  draft.foreign = true
  if (executable.value === '/bin/sh') return
  const hint = `remove it, and write cmd: ${keyText(executable.value)} -c '...'`
  draft.refuse(executable, "'executable' has no counterpart here: commands run with /bin/sh", hint)
}
