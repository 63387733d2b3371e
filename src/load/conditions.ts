import type { Json } from '../core/json.ts'
import { equal } from './template/equality.ts'
import { type Args, operation, type Operation, required } from './template/operations.ts'
import { contains } from './template/operators.ts'
import { compare, compareVersions } from './template/ordering.ts'
import { Regex } from './template/regex.ts'
import { TemplateError } from './template/templateerror.ts'
import { isMapping, keyText, list, number, text, truth } from './template/values.ts'

/** What may follow `is`; `defined` and `undefined` are evaluated where undefined values are still at hand. */
export type Condition = Operation<boolean>

const kind = (holds: (value: Json) => boolean): Condition => operation('', holds)

const two = (name: string, holds: (value: Json, other: Json) => boolean): Condition =>
  operation('other', (value, [other]) => holds(value, required(other, `'is ${name}'`)))

const flag = (name: string, wanted = true): Condition => {
  const condition = kind((value) => {
    if (!isMapping(value)) throw new TemplateError(`'is ${name}' wants the register of a step`)
    return truth(value[name] ?? false) === wanted
  })
  return { ...condition, member: name }
}

const EQUAL = two('eq', equal)
const NOT_EQUAL = two('ne', (a, b) => !equal(a, b))
const LESS = two('lt', (a, b) => compare(a, b) < 0)
const LESS_OR_EQUAL = two('le', (a, b) => compare(a, b) <= 0)
const GREATER = two('gt', (a, b) => compare(a, b) > 0)
const GREATER_OR_EQUAL = two('ge', (a, b) => compare(a, b) >= 0)
const SUBSET = two('subset', (a, b) => list(a, "'subset'").every((item) => contains(item, b)))
const SUPERSET = two('superset', (a, b) => list(b, "'superset'").every((item) => contains(item, a)))
const VERSION: Condition = operation(
  'version operator strict version_type',
  (value, [other, operator = '==']) => versionIs(value, required(other, "'is version'"), keyText(operator)),
)

export const CONDITIONS: Record<string, Condition> = {
  defined: kind(() => true),
  undefined: kind(() => false),
  none: kind((value) => value === null),
  null: kind((value) => value === null),
  None: kind((value) => value === null),
  string: kind((value) => typeof value === 'string'),
  number: kind((value) => typeof value === 'number'),
  integer: kind((value) => Number.isInteger(value)),
  float: kind((value) => typeof value === 'number' && !Number.isInteger(value)),
  boolean: kind((value) => typeof value === 'boolean'),
  mapping: kind((value) => isMapping(value)),
  sequence: kind((value) => (typeof value === 'object' && value !== null) || typeof value === 'string'),
  iterable: kind((value) => (typeof value === 'object' && value !== null) || typeof value === 'string'),
  true: kind((value) => value === true),
  True: kind((value) => value === true),
  false: kind((value) => value === false),
  False: kind((value) => value === false),
  truthy: operation('convert_bool', (value) => truth(value)),
  falsy: operation('convert_bool', (value) => !truth(value)),
  even: kind((value) => number(value, "'even'") % 2 === 0),
  odd: kind((value) => Math.abs(number(value, "'odd'") % 2) === 1),
  divisibleby: two(
    'divisibleby',
    (value, by) => number(value, "'divisibleby'") % number(by, "'divisibleby'") === 0,
  ),
  upper: kind((value) => isCased(text(value, "'upper'"), (one) => one.toUpperCase())),
  lower: kind((value) => isCased(text(value, "'lower'"), (one) => one.toLowerCase())),
  eq: EQUAL,
  equalto: EQUAL,
  sameas: EQUAL,
  '==': EQUAL,
  ne: NOT_EQUAL,
  '!=': NOT_EQUAL,
  lt: LESS,
  lessthan: LESS,
  '<': LESS,
  le: LESS_OR_EQUAL,
  '<=': LESS_OR_EQUAL,
  gt: GREATER,
  greaterthan: GREATER,
  '>': GREATER,
  ge: GREATER_OR_EQUAL,
  '>=': GREATER_OR_EQUAL,
  in: two('in', (value, container) => contains(value, container)),
  contains: two('contains', (value, item) => contains(item, value)),
  subset: SUBSET,
  issubset: SUBSET,
  superset: SUPERSET,
  issuperset: SUPERSET,
  all: kind((value) => list(value, "'all'").every(truth)),
  any: kind((value) => list(value, "'any'").some(truth)),
  match: operation('pattern ignorecase multiline', (value, args) => searched('match', '^(?:', value, args)),
  search: operation('pattern ignorecase multiline', (value, args) => searched('search', '', value, args)),
  regex: operation('pattern ignorecase multiline match_type', (value, args) =>
    searched('regex', '', value, args),
  ),
  version: VERSION,
  version_compare: VERSION,
  abs: kind((value) => text(value, "'abs'").startsWith('/')),
  changed: flag('changed'),
  change: flag('changed'),
  failed: flag('failed'),
  failure: flag('failed'),
  skipped: flag('skipped'),
  skip: flag('skipped'),
  succeeded: flag('failed', false),
  success: flag('failed', false),
}

function isCased(value: string, change: (value: string) => string): boolean {
  return value === change(value) && value.toLowerCase() !== value.toUpperCase()
}

function searched(
  name: string,
  before: string,
  value: Json,
  [pattern, ignoreCase, multiline]: Args,
): boolean {
  const source = text(required(pattern, `'is ${name}'`), `'is ${name}'`)
  const flags = (ignoreCase === true ? 'i' : '') + (multiline === true ? 'm' : '')
  return new Regex(before === '' ? source : `${before}${source})`, flags).test(text(value, `'is ${name}'`))
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
