import { SearchTimeout, searchInTime } from '../src/base/searchtime.ts'
import { TaskError } from '../src/core/errors.ts'
import { defineTask } from '../src/core/task.ts'
import { fileArguments } from '../src/probe/arguments.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { cleanPath, fileProbe } from '../src/probe/files.ts'
import { insertLine, joinLines, splitLines } from '../src/probe/lines.ts'

export default defineTask({
  name: 'line',
  summary: 'Makes sure that a line is in a text file, or that it is not.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    not: { required: ['after', 'before'] },
    if: { properties: { state: { const: 'absent' } }, required: ['state'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of the schema
    then: { anyOf: [{ required: ['line'] }, { required: ['match'] }] },
    else: { required: ['line'] },
    properties: {
      path: { ...fileArguments.dest, description: 'Absolute path of a text file of at most 64 KiB.' },
      line: { type: 'string', pattern: '^[^\\r\\n]*$', description: 'The line, without its end.' },
      match: {
        type: 'string',
        description:
          'Regular expression: the last line it matches is replaced, or with absent all such lines are removed.',
      },
      after: {
        type: 'string',
        description: 'A new line goes behind the last line this expression matches.',
      },
      before: {
        type: 'string',
        description: 'A new line goes before the first line this expression matches.',
      },
      state: {
        enum: ['present', 'absent'],
        default: 'present',
        description: 'Whether the line is to be there.',
      },
      create: { type: 'boolean', default: false, description: 'Make the file when there is none.' },
      mode: fileArguments.mode,
      owner: fileArguments.owner,
      group: fileArguments.group,
      validate: fileArguments.validate,
      backup: fileArguments.backup,
    },
  },
  example: `- name: Journal on disk
  line:
    path: /etc/systemd/journald.conf
    match: ^#?Storage=
    line: Storage=persistent
`,
  returns: {},
  probes: (args) => ({ file: fileProbe(args.path) }),
  plan({ path: given, state, create, line, match, after, before, ...file }, { file: fact }) {
    const path = cleanPath(given)
    const old = editableText(path, fact)
    if (fact === null && state === 'absent') return []
    if (fact === null && !create)
      throw new TaskError(`${path} does not exist`, "set 'create: true' to make it")
    const edited = () =>
      state === 'absent' ? without(old, line, match) : withLine(old, { line, match, after, before })
    const text = inTime(edited, path, [match, after, before])
    return planFile({ ...file, path, content: { text } }, fact)
  },
})

interface Wanted {
  line?: string
  match?: string
  after?: string
  before?: string
}

function withLine(text: string, { line = '', match, after, before }: Wanted): string {
  const lines = splitLines(text)
  // The line itself counts as a match, or a second run would go on with the next line that matches.
  const at = lines.findLastIndex((one) => one.text === line || matches(match, one.text))
  const old = lines[at]
  if (old !== undefined) return joinLines(lines.with(at, { ...old, text: line }))
  return joinLines(insertLine(lines, line, placeFor(lines, after, before)))
}

/** Index that a new line gets: the end, unless an expression finds another place. */
function placeFor(lines: { text: string }[], after: string | undefined, before: string | undefined): number {
  const behind = lines.findLastIndex((one) => matches(after, one.text)) + 1
  const ahead = lines.findIndex((one) => matches(before, one.text))
  if (behind > 0) return behind
  return ahead >= 0 ? ahead : lines.length
}

function without(text: string, line: string | undefined, match: string | undefined): string {
  const kept = splitLines(text).filter((one) => one.text !== line && !matches(match, one.text))
  return joinLines(kept)
}

/** A text that an expression is not made for could stop the whole run for ever. */
function inTime(edited: () => string, path: string, expressions: (string | undefined)[]): string {
  try {
    return searchInTime(edited)
  } catch (error) {
    if (!(error instanceof SearchTimeout)) throw error
    const given = expressions.filter((one) => one !== undefined).map((one) => `'${one}'`)
    throw new TaskError(
      `to find ${given.join(' or ')} in ${path} takes too long`,
      'repetitions inside repetitions, as in (a+)+, are the usual cause',
    )
  }
}

function matches(expression: string | undefined, text: string): boolean {
  if (expression === undefined) return false
  try {
    return new RegExp(expression).test(text)
  } catch (error) {
    throw new TaskError(`'${expression}' is no regular expression: ${(error as Error).message}`)
  }
}
