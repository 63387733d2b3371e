import { didYouMean } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { CONDITIONS } from './conditions.ts'
import { FILTERS } from './filters.ts'
import { isLate, LATE } from './late.ts'
import { lateItem, lateList, shapeOf } from './lateshapes.ts'
import { METHODS } from './methods.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { isLookup, memberPath, plain, truth, type Value } from './values.ts'

export interface Arguments {
  args: Json[]
  /** Without a prototype: the names are the user's. */
  named: JsonObject
}

/** `given | name(args)`; only `default` takes what is undefined. */
export function applyFilter(name: string, given: Value, { args, named }: Arguments): Value {
  if (name === 'default' || name === 'd') return withDefault(given, args, named)
  const ready = plain(given)
  if (isLate(ready)) return filterLate(name, ready, named)
  if (isLate(args) || isLate(named)) return LATE
  const apply = FILTERS[name]
  if (apply === undefined)
    throw new TemplateError(`there is no filter '${name}'`, didYouMean(name, Object.keys(FILTERS)))
  return apply(ready, args, named)
}

/** Filters that give items of the list they are given. */
const CHOOSING = ['list', 'select', 'reject', 'selectattr', 'rejectattr', 'sort', 'unique', 'reverse']

function filterLate(name: string, given: Json, named: JsonObject): Json {
  if (shapeOf(given) === undefined) return LATE
  if (CHOOSING.includes(name)) return given
  if (name === 'first' || name === 'last') return lateItem(given)
  if (name !== 'map' || named.attribute === undefined) return LATE
  return lateList(plain(memberPath(lateItem(given), named.attribute)))
}

/** With `true` as second argument also instead of what is empty. */
function withDefault(given: Value, args: Json[], named: JsonObject): Value {
  const fallback = args[0] ?? named.default_value ?? ''
  const empty = (args[1] ?? named.boolean) === true
  if (given instanceof Undefined) return fallback
  return empty && !isLookup(given) && !isLate(given) && !truth(given) ? fallback : given
}

/** `given is name(args)`; only `defined` and `undefined` take what is undefined. */
export function testCondition(name: string, given: Value, args: Json[]): Json {
  if (name === 'defined' || name === 'undefined') {
    if (!isLookup(given) && isLate(given)) return LATE
    return given instanceof Undefined === (name === 'undefined')
  }
  if (isLookup(given)) return name === 'mapping'
  if (isLate(plain(given)) || isLate(args)) return LATE
  return CONDITIONS[name]?.(plain(given), ...args) ?? false
}

/** `self.name(args)` */
export function callMethod(name: string, self: Value, args: Json[]): Value {
  if (isLookup(self)) return lookupMethod(name, self.keys())
  if (isLate(plain(self)) || isLate(args)) return LATE
  return METHODS[name]?.(plain(self), ...args) ?? null
}

function lookupMethod(name: string, keys: string[]): Json {
  if (name === 'keys') return keys
  throw new TemplateError(`.${name}() can't be used here`, 'loop over .keys() and look each one up')
}
