import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../core/json.ts'
import { compare, compareVersions } from './ordering.ts'
import { regex } from './regex.ts'
import { TemplateError } from './templateerror.ts'
import { isMapping, keyText, list, number, text, truth } from './values.ts'

/** What may follow `is`; `defined` and `undefined` are handled where names are looked up. */
export type Condition = (value: Json, ...args: Json[]) => boolean

const equal: Condition = (value, other) => isDeepStrictEqual(value, other)
const contains: Condition = (value, item) =>
  typeof value === 'string'
    ? value.includes(text(item as Json, "'contains'"))
    : list(value, "'contains'").some((one) => isDeepStrictEqual(one, item))
const flag =
  (name: string, wanted = true): Condition =>
  (value) => {
    if (!isMapping(value)) throw new TemplateError(`'is ${name}' wants the register of a step`)
    return truth(value[name] ?? false) === wanted
  }

export const CONDITIONS: Record<string, Condition> = {
  defined: () => true,
  undefined: () => false,
  none: (value) => value === null,
  null: (value) => value === null,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  float: (value) => typeof value === 'number' && !Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  mapping: (value) => isMapping(value),
  sequence: (value) => Array.isArray(value) || typeof value === 'string',
  iterable: (value) => (typeof value === 'object' && value !== null) || typeof value === 'string',
  true: (value) => value === true,
  True: (value) => value === true,
  false: (value) => value === false,
  False: (value) => value === false,
  truthy: (value) => truth(value),
  falsy: (value) => !truth(value),
  even: (value) => number(value, "'even'") % 2 === 0,
  odd: (value) => Math.abs(number(value, "'odd'") % 2) === 1,
  divisibleby: (value, by) => number(value, "'divisibleby'") % number(by as Json, "'divisibleby'") === 0,
  eq: equal,
  equalto: equal,
  sameas: equal,
  ne: (value, other) => !isDeepStrictEqual(value, other),
  lt: (value, other) => compare(value, other as Json) < 0,
  le: (value, other) => compare(value, other as Json) <= 0,
  gt: (value, other) => compare(value, other as Json) > 0,
  ge: (value, other) => compare(value, other as Json) >= 0,
  in: (value, container) => contains(container as Json, value),
  contains,
  subset: (value, other) => list(value, "'subset'").every((item) => contains(other as Json, item)),
  superset: (value, other) => list(other as Json, "'superset'").every((item) => contains(value, item)),
  match: (value, pattern) => regex(`^(?:${keyText(pattern as Json)})`).test(text(value, "'match'")),
  search: (value, pattern) => regex(keyText(pattern as Json)).test(text(value, "'search'")),
  regex: (value, pattern) => regex(keyText(pattern as Json)).test(text(value, "'regex'")),
  version: (value, other, operator = '==') => versionIs(value, other as Json, keyText(operator)),
  changed: flag('changed'),
  failed: flag('failed'),
  skipped: flag('skipped'),
  succeeded: flag('failed', false),
  success: flag('failed', false),
}

const OPERATORS = new Map<string, (order: number) => boolean>([
  ['==', (order) => order === 0],
  ['eq', (order) => order === 0],
  ['!=', (order) => order !== 0],
  ['ne', (order) => order !== 0],
  ['<', (order) => order < 0],
  ['lt', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['le', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['gt', (order) => order > 0],
  ['>=', (order) => order >= 0],
  ['ge', (order) => order >= 0],
])

function versionIs(value: Json, other: Json, operator: string): boolean {
  const answer = OPERATORS.get(operator)
  if (answer === undefined)
    throw new TemplateError(`'${operator}' doesn't compare versions`, 'use ==, !=, <, <=, > or >=')
  return answer(compareVersions(text(value, "'version'"), text(other, "'version'")))
}
