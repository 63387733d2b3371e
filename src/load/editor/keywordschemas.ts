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
import { MAGIC_NAMES } from '../names.ts'
import { type EditorSchema, orTemplate, ref } from './editorvalues.ts'

/** Every table of keywords, so that none is left without schemas. */
export const KEYWORD_TABLES: Readonly<Record<string, Keywords>> = {
  play: PLAY_KEYWORDS,
  step: STEP_KEYWORDS,
  handler: HANDLER_KEYWORDS,
  block: BLOCK_KEYWORDS,
  include: INCLUDE_KEYWORDS,
  ...INCLUDES,
  apply: APPLY_KEYWORDS,
  role: ROLE_KEYWORDS,
  meta: META_KEYWORDS,
  import_playbook: IMPORT_PLAYBOOK_KEYWORDS,
  loop_control: LOOP_CONTROL_KEYWORDS,
}

const text: EditorSchema = { type: 'string', minLength: 1 }
const texts = oneOrMore(text)
const flag: EditorSchema = { type: 'boolean', errorMessage: 'must be true or false, without quotes' }
const condition: EditorSchema = { anyOf: [{ type: 'string', minLength: 1 }, { type: 'boolean' }] }
const conditions = oneOrMore(condition)
const scalar: EditorSchema = { type: ['string', 'number', 'boolean'] }
const steps: EditorSchema = { type: 'array', items: ref('Step') }
const name: EditorSchema = {
  type: 'string',
  pattern: `^(?!(${MAGIC_NAMES.join('|')})$)[A-Za-z_][A-Za-z0-9_]*$`,
  errorMessage: 'must be a name: letters, digits and _, and no reserved name',
}

/** Variables by name, with any values. */
export const VARIABLES: EditorSchema = { type: ['object', 'null'], propertyNames: name }

function number(schema: EditorSchema, wanted: string): EditorSchema {
  return orTemplate({ errorMessage: `must be ${wanted}`, ...schema })
}

function batch(schema: EditorSchema): EditorSchema {
  return { ...schema, errorMessage: 'must be a number of hosts, or a percentage such as "25%"' }
}

function oneOrMore(one: EditorSchema): EditorSchema {
  return { anyOf: [...((one.anyOf as EditorSchema[] | undefined) ?? [one]), { type: 'array', items: one }] }
}

/** What may stand behind each keyword; a keyword means the same wherever it is allowed. */
export const KEYWORD_SCHEMAS: Readonly<Record<string, EditorSchema>> = {
  name: text,
  hosts: texts,
  tags: texts,
  vars: VARIABLES,
  vars_files: texts,
  become: flag,
  become_user: text,
  environment: {
    type: ['object', 'null'],
    propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
    additionalProperties: scalar,
  },
  no_log: flag,
  ignore_errors: flag,
  timeout: number({ type: 'number', exclusiveMinimum: 0 }, 'a number of seconds above 0'),
  when: conditions,
  notify: texts,
  listen: texts,
  delegate_to: text,
  run_once: flag,
  loop: { anyOf: [{ type: 'array' }, { type: 'string', minLength: 1 }] },
  loop_control: ref('LoopControl'),
  loop_var: name,
  label: text,
  register: name,
  retries: number({ type: 'integer', minimum: 1 }, 'a whole number above 0'),
  delay: number({ type: 'number', minimum: 0 }, 'a number of seconds'),
  backoff: number({ type: 'number', minimum: 1 }, 'a factor of at least 1'),
  until: condition,
  changed_when: conditions,
  failed_when: conditions,
  confirm: text,
  gather: flag,
  gather_facts: flag,
  serial: oneOrMore({
    anyOf: [batch({ type: 'integer', minimum: 1 }), batch({ type: 'string', pattern: '%|\\{\\{' })],
  }),
  max_fail_percentage: number({ type: 'number', minimum: 0, maximum: 100 }, 'a number from 0 to 100'),
  any_errors_fatal: flag,
  roles: { type: 'array', items: { anyOf: [text, ref('Role')] } },
  role: text,
  pre_tasks: steps,
  tasks: steps,
  post_tasks: steps,
  gate: steps,
  handlers: { type: 'array', items: ref('Handler') },
  block: steps,
  rescue: steps,
  always: steps,
  file: text,
  tasks_from: text,
  apply: ref('Apply'),
  meta: { enum: ['flush_handlers'] },
  import_playbook: text,
}

/** The schema of what stands behind each keyword of a table, with what it means. */
export function keywordProperties(keywords: Keywords): Record<string, EditorSchema> {
  return Object.fromEntries(
    Object.entries(keywords).map(([key, description]) => [key, described(description, KEYWORD_SCHEMAS[key])]),
  )
}

/** In draft-07 nothing counts beside a reference, hence the detour. */
export function described(description: string, schema: EditorSchema = {}): EditorSchema {
  return '$ref' in schema ? { description, allOf: [schema] } : { description, ...schema }
}

/** A mapping with these keywords and no others. */
export function keywordObject(keywords: Keywords): EditorSchema {
  return { type: 'object', additionalProperties: false, properties: keywordProperties(keywords) }
}
