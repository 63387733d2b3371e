import type { Json, JsonObject } from '../../core/json.ts'
import { type Condition, CONDITIONS } from '../conditions.ts'
import { type Filter, FILTERS } from './filters.ts'
import { isLate, LATE } from '../../core/late.ts'
import { lateItem, lateList, shapeOf } from '../check/lateshapes.ts'
import { METHODS } from './methods.ts'
import { apply } from './operations.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { isLookup, isMapping, keyText, type Lookup, memberPath, plain, truth, type Value } from './values.ts'

/** Evaluated arguments. */
export interface Given {
  args: Json[]
  /** Without a prototype: the names are the user's. */
  named: JsonObject
}

/** `given | name(args)`; only `default` and `mandatory` look at what is undefined. */
export function applyFilter(name: string, given: Value, { args, named }: Given): Value {
  if (name === 'default' || name === 'd') return withDefault(given, args, named)
  if (name === 'mandatory' && given instanceof Undefined) return demand(given, args[0] ?? named.msg)
  const ready = plain(given)
  if (isLate(ready)) return filterLate(name, ready, named)
  if (isLate(args) || isLate(named)) return LATE
  return apply(`the filter '${name}'`, FILTERS[name] as Filter, ready, { args, named })
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
  const fallback = args[0] ?? named.default_value ?? (args.length > 0 ? null : '')
  const empty = (args[1] ?? named.boolean) === true
  if (given instanceof Undefined) return fallback
  return empty && !isLookup(given) && !isLate(given) && !truth(given) ? fallback : given
}

function demand(given: Undefined, message: Json | undefined): never {
  throw new TemplateError(typeof message === 'string' ? message : given.message, given.hint)
}

/** `given is name(args)`; only `defined` and `undefined` take what is undefined. */
export function testCondition(name: string, given: Value, { args, named }: Given): Json {
  if (name === 'defined' || name === 'undefined') {
    if (!isLookup(given) && isLate(given)) return LATE
    return given instanceof Undefined === (name === 'undefined')
  }
  if (isLookup(given)) return name === 'mapping' || name === 'iterable'
  const ready = plain(given)
  const condition = CONDITIONS[name] as Condition
  const { member } = condition
  const counted = member !== undefined && isMapping(ready) ? (ready[member] ?? null) : ready
  if (isLate(counted) || isLate(args) || isLate(named)) return LATE
  return apply(`'is ${name}'`, condition, ready, { args, named })
}

/** `self.name(args)` */
export function callMethod(name: string, self: Value, { args, named }: Given): Value {
  if (isLookup(self)) return lookupMethod(name, self, args)
  const ready = plain(self)
  if (isLate(ready) || isLate(args) || isLate(named)) return LATE
  return apply(`.${name}()`, METHODS[name] as (typeof METHODS)[string], ready, { args, named })
}

function lookupMethod(name: string, self: Lookup, args: Json[]): Value {
  if (name === 'keys') return self.keys()
  if (name === 'get') {
    const found = self.get(keyText(args[0] ?? null))
    return found instanceof Undefined ? (args[1] ?? null) : found
  }
  throw new TemplateError(`.${name}() can't be used here`, 'loop over .keys() and look each one up')
}
