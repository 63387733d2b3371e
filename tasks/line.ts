import { SearchTimeout, searchInTime } from '../src/base/searchtime.ts'
import { TaskError } from '../src/core/errors.ts'
import { defineTask } from '../src/core/task.ts'
import { fileArguments } from '../src/probe/arguments.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { cleanPath, fileProbe } from '../src/probe/files.ts'
import { insertLine, joinLines, type Line, splitLines } from '../src/probe/lines.ts'

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
    const lines = splitLines(old)
    const wanted = { line, match: compiled(match), after: compiled(after), before: compiled(before) }
    const edit = () => joinLines(state === 'absent' ? without(lines, wanted) : withLine(lines, wanted))
    const expressions = [wanted.match, wanted.after, wanted.before].filter((one) => one !== undefined)
    const text = inTime(edit, path, lines, expressions)
    return planFile({ ...file, path, content: { text } }, fact)
  },
})

interface Wanted {
  line?: string
  match?: RegExp
  after?: RegExp
  before?: RegExp
}

function withLine(lines: Line[], { line = '', match, after, before }: Wanted): Line[] {
  // The line itself counts as a match, or a second run would go on with the next line that matches.
  const at = lines.findLastIndex((one) => one.text === line || match?.test(one.text))
  const old = lines[at]
  if (old !== undefined) return lines.with(at, { ...old, text: line })
  return insertLine(lines, line, placeFor(lines, after, before))
}

/** Index that a new line gets: the end, unless an expression finds another place. */
function placeFor(lines: Line[], after: RegExp | undefined, before: RegExp | undefined): number {
  const behind = lines.findLastIndex((one) => after?.test(one.text)) + 1
  const ahead = lines.findIndex((one) => before?.test(one.text))
  if (behind > 0) return behind
  return ahead >= 0 ? ahead : lines.length
}

function without(lines: Line[], { line, match }: Wanted): Line[] {
  return lines.filter((one) => one.text !== line && !match?.test(one.text))
}

/** A text that an expression is not made for could stop the whole run for ever. */
function inTime(edit: () => string, path: string, lines: Line[], expressions: RegExp[]): string {
  try {
    return searchInTime(
      edit,
      expressions,
      lines.map(({ text }) => text),
    )
  } catch (error) {
    if (!(error instanceof SearchTimeout)) throw error
    const given = expressions.map((one) => `'${one.source.replaceAll('\\/', '/')}'`)
    throw new TaskError(
      `to find ${given.join(' or ')} in ${path} takes too long`,
      'repetitions inside repetitions, as in (a+)+, are the usual cause',
    )
  }
}

function compiled(expression: string | undefined): RegExp | undefined {
  if (expression === undefined) return undefined
  try {
    return new RegExp(expression)
  } catch (error) {
    throw new TaskError(`'${expression}' is no regular expression: ${(error as Error).message}`)
  }
}
