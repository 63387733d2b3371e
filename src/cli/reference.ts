import { EVERY_RESULT, type Task } from '../core/task.ts'
import type { Colours } from '../render/colour.ts'
import type { Schema } from '../load/check/schemas.ts'
import { type Described, describedIn } from '../load/editor/schemawords.ts'

/** The page that lists all tasks, as Markdown. */
export function taskIndex(tasks: Task[]): string {
  const rows = tasks.map(({ name, summary }) => `| [${name}](${name}.md) | ${cell(summary)} |`)
  return `# Tasks

<!-- Generated from tasks/; see docs/architecture.md. -->

| task | |
|---|---|
${rows.join('\n')}

\`provision docs TASK\` shows the same in a terminal.
`
}

/** The reference page of a task as Markdown, made from its schema alone. */
export function taskReference(task: Task): string {
  const args = describedIn(task.args as Schema).map(
    (one) =>
      `| \`${one.name}\` | ${cell(one.type)} | ${one.default ? `\`${cell(one.default)}\`` : one.required ? 'required' : ''} | ${cell(one.description)} |`,
  )
  const results = resultsOf(task).map(
    (one) => `| \`${one.name}\` | ${cell(one.type)} | ${cell(one.description)} |`,
  )
  return `# ${task.name}

<!-- Generated from tasks/${task.name}.ts; see docs/architecture.md. -->

${task.summary}

## Arguments

| argument | type | default | meaning |
|---|---|---|---|
${args.join('\n')}

## Example

\`\`\`yaml
${task.example.trimEnd()}
\`\`\`

## Result

${resultText(task)}

| result | type | meaning |
|---|---|---|
${results.join('\n')}
`
}

/** The same for a terminal of so many columns. */
export function taskReferenceText(task: Task, colours: Colours, columns = 80): string {
  const block = (one: Described): string[] => describedText(one, colours, columns)
  return [
    ...wrap(`${task.name}: ${task.summary}`, columns),
    '',
    colours.bold('Arguments'),
    ...describedIn(task.args as Schema).flatMap(block),
    '',
    colours.bold('Example'),
    ...task.example
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? '' : `  ${line}`)),
    '',
    colours.bold('Result'),
    ...wrap(resultText(task), columns - 2).map((line) => `  ${line}`),
    ...resultsOf(task).flatMap(block),
  ].join('\n')
}

function describedText(one: Described, colours: Colours, columns: number): string[] {
  const more = one.required ? 'required' : one.default && `default ${one.default}`
  const notes = [one.type, more].filter(Boolean).join(', ')
  const fits = one.name.length + notes.length + 4 <= columns
  return [
    `  ${colours.bold(one.name)}${fits ? `  ${colours.dim(notes)}` : ''}`,
    ...(fits ? [] : wrap(notes, columns - 6).map((line) => `      ${colours.dim(line)}`)),
    ...wrap(one.description, columns - 6).map((line) => `      ${line}`),
  ]
}

function resultsOf(task: Task): Described[] {
  return describedIn({ properties: { ...task.returns, ...EVERY_RESULT } as Record<string, Schema> })
}

function resultText(task: Task): string {
  const set = task.variables ? ' The names that it sets are in it, too.' : ''
  return `With \`register: NAME\`, later steps find these as \`NAME.changed\` and so on; of a step with a loop, the list \`NAME.results\` has them for each item.${set}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
