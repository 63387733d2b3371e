import type { JsonObject } from '../../core/json.ts'
import { valueBefore } from './early.ts'
import { explainName } from '../names.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Reader } from './reader.ts'
import type { Spot } from './spot.ts'
import { describe } from '../template/values.ts'

export interface WrittenCondition {
  value: string | boolean
  pointer: string
}

/** One condition, or a list of them. */
export function readConditions(reader: Reader, pointer: string, key: string): WrittenCondition[] {
  return reader.entries(`${pointer}/${key}`).flatMap(({ value, pointer: at }) => {
    if (typeof value === 'boolean' || (typeof value === 'string' && value.trim() !== ''))
      return { value, pointer: at }
    const example = key === 'when' ? 'disk.free > 10' : 'result.rc == 0'
    reader.problem(
      at,
      `'${key}' must be an expression, not ${describe(value)}`,
      `write e.g. ${key}: ${example}`,
    )
    return []
  })
}

export function readVars(reader: Reader, pointer: string): JsonObject {
  const vars = reader.mapping(pointer, "'vars'", "'name: value' lines below it")
  for (const name of Object.keys(vars)) {
    const wrong = explainName(name)
    if (wrong !== undefined) reader.problem(`${pointer}/${pointerKey(name)}#key`, wrong.message, wrong.hint)
  }
  return vars
}

export function readEnvironment(reader: Reader, pointer: string): JsonObject {
  const given = reader.mapping(pointer, "'environment'", "'NAME: value' lines below it")
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => {
      const at = `${pointer}/${pointerKey(name)}`
      const wrong = !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      if (wrong)
        reader.problem(`${at}#key`, `'${name}' can't be the name of an environment variable`, 'use A-Z and _')
      if (wrong || (value !== null && typeof value !== 'object')) return !wrong
      reader.problem(at, `'${name}' must be text, not ${describe(value)}`, 'write text or a number')
      return false
    }),
  )
}

export function readBecomeUser(spot: Spot, pointer: string): string | undefined {
  const at = `${pointer}/become_user`
  if (spot.reader.text(at, "'become_user'") === undefined) return undefined
  const user = valueBefore(spot, at, "'become_user'", "write the user's name")
  if (user === undefined || (typeof user === 'string' && /^[a-z_][a-z0-9_.-]*\$?$/i.test(user))) return user
  spot.reader.problem(at, `'become_user' must be the name of a user`, "write e.g. 'become_user: postgres'")
  return undefined
}

export function readTags(reader: Reader, pointer: string): string[] {
  return reader.texts(`${pointer}/tags`, "'tags'").flatMap((tags) => tags.split(',').map((tag) => tag.trim()))
}

export function readTimeout(spot: Spot, pointer: string): number | undefined {
  const wanted = { fits: (value: number) => value > 0, what: 'a number of seconds above 0', example: '600' }
  return readNumber(spot, pointer, 'timeout', wanted)
}

export interface WantedNumber {
  fits: (value: number) => boolean
  /** In words. */
  what: string
  example: string
}

/** A number, or a template that gives one before the run. */
export function readNumber(
  spot: Spot,
  pointer: string,
  key: string,
  { fits, what, example }: WantedNumber,
): number | undefined {
  const at = `${pointer}/${key}`
  const value = valueBefore(spot, at, `'${key}'`, `write e.g. ${key}: ${example}`)
  if (value === undefined || (typeof value === 'number' && fits(value))) return value
  spot.reader.problem(at, `'${key}' must be ${what}`, `write e.g. ${key}: ${example}`)
  return undefined
}
