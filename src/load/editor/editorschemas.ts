import type { Task } from '../../core/task.ts'
import { described, keywordObject, keywordProperties, VARIABLES } from './keywordschemas.ts'
import {
  APPLY_KEYWORDS,
  BLOCK_KEYWORDS,
  HANDLER_KEYWORDS,
  IMPORT_PLAYBOOK_KEYWORDS,
  INCLUDE_KEYWORDS,
  INCLUDES,
  type Keywords,
  LOOP_CONTROL_KEYWORDS,
  META_KEYWORDS,
  PLAY_KEYWORDS,
  ROLE_KEYWORDS,
  STEP_KEYWORDS,
} from '../playbook/keywords.ts'
import { argumentsSchema, type EditorSchema, ref } from './editorvalues.ts'
import { INVENTORY } from './inventoryschema.ts'
import type { Schema } from '../check/schemas.ts'

/** Kinds of files that editors can check, and what they are. */
export const FILE_KINDS = {
  inventory: 'An inventory of provision: groups of hosts, and their variables.',
  playbook: 'A playbook of provision: a list of plays.',
  vars: 'Variables for provision: group_vars, host_vars, vars_files, defaults and vars of roles.',
  tasks: 'Steps for provision: files of import_tasks and include_tasks, tasks and handlers of roles.',
} as const

export type FileKind = keyof typeof FILE_KINDS

/** The JSON Schema (draft-07) of a kind of file, for editors. */
export function editorSchema(kind: FileKind, tasks: Task[]): EditorSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    description: FILE_KINDS[kind],
    ...body(kind, tasks),
  }
}

function body(kind: FileKind, tasks: Task[]): EditorSchema {
  if (kind === 'inventory') return INVENTORY
  if (kind === 'vars') return VARIABLES
  const definitions = definitionsOf(tasks)
  if (kind === 'tasks') return { type: 'array', items: ref('Step'), definitions }
  return { type: 'array', minItems: 1, items: ref('Play'), definitions }
}

/** Editors show the names: those of tasks as they are, ours with a capital letter. */
function definitionsOf(tasks: Task[]): Record<string, EditorSchema> {
  return {
    Play: playSchema(),
    Step: stepSchema(STEP_KEYWORDS, { ...BLOCK_KEYWORDS, ...META_KEYWORDS }, tasks),
    Handler: stepSchema(HANDLER_KEYWORDS, {}, tasks),
    Role: keywordObject(ROLE_KEYWORDS),
    Apply: keywordObject(APPLY_KEYWORDS),
    LoopControl: keywordObject(LOOP_CONTROL_KEYWORDS),
    ...Object.fromEntries(tasks.map((task) => [task.name, taskSchema(task)])),
  }
}

/** A play, or what brings in the plays of another playbook. */
function playSchema(): EditorSchema {
  const keywords = { ...PLAY_KEYWORDS, ...IMPORT_PLAYBOOK_KEYWORDS, ...PLAY_KEYWORDS }
  const errorMessage = "the play lacks 'hosts'"
  return {
    ...keywordObject(keywords),
    oneOf: [
      { required: ['hosts'], errorMessage },
      { required: ['import_playbook'], errorMessage },
    ],
    dependencies: {
      import_playbook: without(keywords, { ...IMPORT_PLAYBOOK_KEYWORDS, hosts: '' }),
      hosts: without(keywords, { ...PLAY_KEYWORDS, import_playbook: '' }),
    },
  }
}

/** All that may stand in a list of steps. One flat mapping: alternatives would spoil messages and completion. */
function stepSchema(own: Keywords, forms: Keywords, tasks: Task[]): EditorSchema {
  const keywords = { ...forms, ...own }
  const kinds = [...tasks.map(({ name }) => name), ...Object.keys(INCLUDES), ...formKeys(forms)]
  const modifiers = Object.keys(keywords).filter((key) => !kinds.includes(key))
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...keywordProperties(keywords),
      ...Object.fromEntries(tasks.map(({ name }) => [name, ref(name)])),
      ...Object.fromEntries(
        Object.entries(INCLUDES).map(([key, inside]) => [key, includeSchema(key, inside)]),
      ),
    },
    // Names of collections, as people from Ansible write them; the loader knows what becomes of each.
    patternProperties: { '\\.': {} },
    if: { propertyNames: { enum: modifiers } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of the schema
    then: { required: [kinds[0]], errorMessage: 'the step names no task' },
    else: { oneOf: [...kinds.map(only), { not: { anyOf: kinds.map(only) } }] },
    dependencies: formDependencies(keywords, forms),
  }
}

function only(key: string): EditorSchema {
  return { required: [key] }
}

function formKeys(forms: Keywords): string[] {
  return ['block', 'meta'].filter((key) => key in forms)
}

/** Keys that go with some forms of a step only. */
function formDependencies(keywords: Keywords, forms: Keywords): EditorSchema {
  const allowed: Record<string, Keywords> = { block: BLOCK_KEYWORDS, meta: META_KEYWORDS }
  const other = { block: '', meta: '' }
  return {
    ...Object.fromEntries(
      formKeys(forms).map((key) => [key, without(keywords, { ...other, ...allowed[key] })]),
    ),
    ...Object.fromEntries(
      Object.keys(INCLUDES).map((key) => [key, without(keywords, { ...other, ...INCLUDE_KEYWORDS })]),
    ),
    ...('block' in forms ? { rescue: ['block'], always: ['block'] } : {}),
  }
}

/** Forbids the keywords that are not allowed. */
function without(keywords: Keywords, allowed: Keywords): EditorSchema {
  const forbidden = Object.keys(keywords).filter((key) => !Object.hasOwn(allowed, key))
  return { properties: Object.fromEntries(forbidden.map((key) => [key, false])) }
}

/** The file or role alone, or a mapping with more. */
function includeSchema(key: string, inside: Keywords): EditorSchema {
  const [main] = Object.keys(inside) as [string]
  const mapping = { ...keywordObject(inside), required: [main] }
  return described(MEANINGS[key] ?? '', { anyOf: [mapping, { type: 'string', minLength: 1 }] })
}

const MEANINGS: Record<string, string> = {
  import_tasks: 'Steps of another file, as if they stood here.',
  include_tasks: 'Steps of another file, also once for each item of a loop.',
  import_role: 'Steps of a role, as if they stood here.',
  include_role: 'Steps of a role, also once for each item of a loop.',
}

function taskSchema({ summary, args, example }: Task): EditorSchema {
  const schema = argumentsSchema(args as Schema)
  return {
    description: summary,
    markdownDescription: `${summary}\n\n\`\`\`yaml\n${example.trimEnd()}\n\`\`\``,
    ...schema,
    // A task without required arguments may stand alone.
    type: schema.required === undefined ? ['object', 'null'] : 'object',
  }
}
