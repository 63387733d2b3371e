import type { Redactor } from '../base/redact.ts'
import type { Json } from '../core/json.ts'
import type { Bound } from '../load/bind.ts'
import { isLate } from '../core/late.ts'
import type { Step } from '../load/program.ts'

/** A shorter text is as likely to be an ordinary word that a host prints. */
const LONG = 8

/** Variables of the environment that hold a secret by their name. */
const SECRET_NAME = /pass|token|secret|credential|api_?key|access_?key|private/i

/** Masks what a step gets that is not to be shown. */
export function maskAll(step: Step, bound: Bound, redactor: Redactor): void {
  for (const secret of bound.secrets) redactor.add(secret)
  for (const [name, value] of Object.entries(bound.environment))
    if (step.noLog || SECRET_NAME.test(name)) add(value, redactor)
  if (step.noLog) maskArguments(bound.args, step.task.args, redactor)
}

/** What a step that is not to be logged has found out may be shown by no other step either; why it failed may. */
export function maskResult({ msg: _why, ...result }: Record<string, Json>, redactor: Redactor): void {
  for (const text of stringsIn(result)) if (text.length >= LONG) add(text, redactor)
}

interface Described {
  enum?: readonly Json[]
  default?: Json
  properties?: Record<string, Described>
  items?: Described
}

/** Words that the task's schema gives, such as "present", are no secrets. */
function maskArguments(value: unknown, schema: Described | undefined, redactor: Redactor): void {
  if (typeof value === 'string') {
    if (!schema?.enum?.includes(value) && schema?.default !== value) add(value, redactor)
  } else if (Array.isArray(value)) for (const one of value) maskArguments(one, schema?.items, redactor)
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) maskArguments(one, schema?.properties?.[key], redactor)
}

function add(text: string, redactor: Redactor): void {
  if (!isLate(text)) redactor.add(text)
}

function stringsIn(value: Json): string[] {
  if (typeof value === 'string') return [value]
  return value === null || typeof value !== 'object' ? [] : Object.values(value).flatMap(stringsIn)
}
