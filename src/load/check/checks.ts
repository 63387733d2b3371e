import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import type { JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'
import { isLate } from '../../core/late.ts'
import { precompiled } from './precompiled.ts'

export type ArgsError = Pick<ErrorObject, 'instancePath' | 'schemaPath' | 'keyword' | 'params' | 'message'>

export type Check = Pick<ValidateFunction, 'errors'> & ((args: unknown) => boolean)

const checks = new WeakMap<Task, Check>()

/** Options of every validator; those compiled ahead must decide just as those compiled here. */
export const AJV_OPTIONS = {
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  validateFormats: false,
}

/** Gets the validators of tasks ready: compiled ahead when the program is bundled, by ajv otherwise. */
export async function prepareChecks(tasks: Task[]): Promise<void> {
  const wanted = tasks.filter((task) => !checks.has(task))
  for (const task of wanted) {
    const check = precompiled?.[exportName(task)]
    if (check !== undefined) checks.set(task, check)
  }
  const left = wanted.filter((task) => !checks.has(task))
  if (left.length === 0) return
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const ajv = new Ajv2020({ ...AJV_OPTIONS, formats: {} })
  for (const task of left) checks.set(task, ajv.compile(task.args as object))
}

/** What is wrong with a task's arguments; whatever depends on a value that is not known yet counts as right. */
export function argsErrors(task: Task, args: JsonObject): ArgsError[] {
  const check = checks.get(task)
  if (check === undefined || check(args)) return []
  return (check.errors ?? []).filter((error) => !dependsOnLate(error, args))
}

function dependsOnLate({ instancePath, schemaPath, keyword }: ArgsError, args: JsonObject): boolean {
  let value: unknown = args
  for (const part of instancePath.split('/').slice(1)) {
    value = (value as JsonObject)[part.replaceAll('~1', '/').replaceAll('~0', '~')]
    if (typeof value === 'string' && isLate(value)) return true
  }
  // Which keys there are is known even if some of their values are not; a condition on the values is not decided.
  const onKeys = ['required', 'additionalProperties', 'dependentRequired'].includes(keyword)
  const conditional = /\/(anyOf|oneOf|allOf|if|then|else|not)\b/.test(schemaPath)
  return isLate(value) && (conditional || !onKeys)
}

/** Name under which a task's validator is exported by the module of validators compiled ahead. */
export function exportName(task: Task): string {
  return task.name.replaceAll('-', '_')
}
