import type { Task } from '../core/task.ts'
import type { Colours } from '../render/colour.ts'

/** A JSON Schema as far as arguments of tasks use it. */
interface Schema {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  format?: string
  description?: string
  default?: unknown
  minimum?: number
  maximum?: number
  required?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
}

interface Argument {
  /** Dotted for what lies in a mapping: `ports[].name`. */
  name: string
  type: string
  required: boolean
  default?: string
  description: string
}

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
  const rows = argumentsOf(task.args as Schema).map(
    (one) =>
      `| \`${one.name}\` | ${cell(one.type)} | ${one.default ? `\`${cell(one.default)}\`` : one.required ? 'required' : ''} | ${cell(one.description)} |`,
  )
  return `# ${task.name}

<!-- Generated from tasks/${task.name}.ts; see docs/architecture.md. -->

${task.summary}

## Arguments

| argument | type | default | meaning |
|---|---|---|---|
${rows.join('\n')}

## Example

\`\`\`yaml
${task.example.trimEnd()}
\`\`\`

## Result

${resultText(task)}
`
}

/** The same for a terminal of so many columns. */
export function taskReferenceText(task: Task, colours: Colours, columns = 80): string {
  const blocks = argumentsOf(task.args as Schema).flatMap((one) => {
    const notes = [one.type, one.required ? 'required' : one.default && `default ${one.default}`].filter(
      Boolean,
    )
    return [
      `  ${colours.bold(one.name)}  ${colours.dim(notes.join(', '))}`,
      ...wrap(one.description, columns - 6).map((line) => `      ${line}`),
    ]
  })
  return [
    ...wrap(`${task.name}: ${task.summary}`, columns),
    '',
    colours.bold('Arguments'),
    ...blocks,
    '',
    colours.bold('Example'),
    ...task.example
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? '' : `  ${line}`)),
    '',
    colours.bold('Result'),
    ...wrap(resultText(task), columns - 2).map((line) => `  ${line}`),
  ].join('\n')
}

function resultText(task: Task): string {
  const own = task.result ? ', and values of its own; a debug step shows them' : ''
  return `With \`register: NAME\`, later steps find \`NAME.changed\`${own}.`
}

function argumentsOf(schema: Schema, prefix = ''): Argument[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) => [
    {
      name: prefix + key,
      type: typeText(one),
      required: schema.required?.includes(key) ?? false,
      default: one.default === undefined ? undefined : valueText(one.default),
      description: one.description ?? '',
    },
    ...inner(one, prefix + key),
  ])
}

/** Arguments inside a mapping, or inside the mappings of a list. */
function inner(schema: Schema, name: string): Argument[] {
  if (schema.properties) return argumentsOf(schema, `${name}.`)
  if (schema.items?.properties) return argumentsOf(schema.items, `${name}[].`)
  return (schema.anyOf ?? []).flatMap((one) => inner(one, name))
}

const formats: Record<string, string> = {
  'local-file': 'path of a local file',
  'template-file': 'path of a local template',
  'k3s-release': 'version of k3s',
}

function typeText(schema: Schema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeText))].join(' or ')
  if (schema.enum) return schema.enum.map(valueText).join(' or ')
  if ('const' in schema) return valueText(schema.const)
  if (schema.format === 'secret') return 'string, secret'
  if (schema.format && formats[schema.format]) return formats[schema.format]!
  if (schema.type === 'array') return schema.items ? `list of ${plural(schema.items)}` : 'list'
  if (schema.type === 'object') return 'mapping'
  return `${schema.type ?? 'any value'}${range(schema)}`
}

/** A value as one would write it in YAML. */
function valueText(value: unknown): string {
  const isWord = typeof value === 'string' && /^(?!(yes|no|on|off|true|false|null)$)[a-z][\w-]*$/i.test(value)
  return isWord ? value : JSON.stringify(value)
}

function plural(items: Schema): string {
  return items.type === undefined || items.enum ? typeText(items) : typeText(items).replace(/^\w+/, '$&s')
}

function range({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`
  if (minimum !== undefined) return `, from ${minimum}`
  return maximum === undefined ? '' : `, up to ${maximum}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
