import { CORE_SCHEMA, dump, load } from 'js-yaml'
import { TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from './docker.ts'

/** The mapping that a YAML file of a host holds; an empty file holds {}. Throws TaskError when it holds anything else. */
export function readMapping(path: string, text: string): JsonObject {
  if (text.trim() === '') return {}
  try {
    const value = JSON.parse(JSON.stringify(load(text, { schema: CORE_SCHEMA }) ?? {})) as Json
    if (isObject(value)) return value
  } catch (error) {
    // The excerpt that follows the first line may hold a secret.
    const why = (error as Error).message.split('\n', 1)[0]
    throw new TaskError(`${path} is not valid YAML (${why})`, REPAIR)
  }
  throw new TaskError(`${path} holds no mapping`, REPAIR)
}

const REPAIR = 'repair it by hand, or move it away; it is not overwritten'

/** Writes a mapping as kubectl does. */
export function writeMapping(value: JsonObject): string {
  return dump(value, { lineWidth: -1, noRefs: true })
}
