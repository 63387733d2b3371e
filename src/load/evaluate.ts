import { isDeepStrictEqual } from 'node:util'
import { didYouMean } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { CONDITIONS } from './conditions.ts'
import { FILTERS } from './filters.ts'
import { isLate, LATE } from './late.ts'
import { METHODS } from './methods.ts'
import { compare } from './ordering.ts'
import type { Node, Template } from './template.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import {
  describe,
  isLookup,
  isMapping,
  list,
  member,
  number,
  plain,
  text,
  textOf,
  truth,
  type Value,
} from './values.ts'

/** Where names get their values: Undefined when there is none, LATE when it is not known yet. */
export interface Names {
  get(name: string): Value
}

/** Names set by `for` and `set`, on top of others. */
class Frame implements Names {
  #own: Map<string, Value> | undefined
  readonly #outer: Names
  constructor(outer: Names) {
    this.#outer = outer
  }
  get(name: string): Value {
    return this.#own?.has(name) ? (this.#own.get(name) as Value) : this.#outer.get(name)
  }
  set(name: string, value: Value): void {
    this.#own ??= new Map()
    this.#own.set(name, value)
  }
}

/** The value of a template: of any type when it is one expression, else text. Throws TemplateError. */
export function evaluate(template: Template, names: Names): Json {
  if (template.expression !== undefined) return evaluateExpression(template.expression, names)
  return output(template.root, new Frame(names))
}

/** The value of a bare expression. Throws TemplateError. */
export function evaluateExpression(expression: Node, names: Names): Json {
  return known(expression, new Frame(names))
}

const CONSTANTS: Record<string, Json> = { True: true, False: false, None: null }
const MOST_ITEMS = 100_000

function output(node: Node, frame: Frame): string {
  const { typename } = node
  if (typename === 'Output') return (node.children as Node[]).map((child) => shown(child, frame)).join('')
  if (typename === 'If') return outputIf(node, frame)
  if (typename === 'For') return outputFor(node, frame)
  if (typename === 'Set') return assign(node, frame)
  return (node.children as Node[]).map((child) => output(child, frame)).join('')
}

function shown(node: Node, frame: Frame): string {
  if (node.typename === 'TemplateData') return node.value as string
  return locate(node, () => textOf(plain(value(node, frame))))
}

function outputIf(node: Node, frame: Frame): string {
  const condition = plain(value(node.cond, frame))
  if (isLate(condition)) {
    // Both ways are walked, so that mistakes in either are found.
    output(node.body, new Frame(frame))
    if (node.else_) output(node.else_, new Frame(frame))
    return LATE
  }
  if (truth(condition)) return output(node.body, frame)
  return node.else_ ? output(node.else_, frame) : ''
}

function outputFor(node: Node, frame: Frame): string {
  // `for x in list if condition` parses as an inline if around the list.
  const filtered =
    node.arr.typename === 'InlineIf' && node.arr.else_ === null ? (node.arr as Node) : undefined
  const source = locate(node, () => iterable(value(filtered?.body ?? node.arr, frame)))
  const targets = (node.name.typename === 'Array' ? node.name.children : [node.name]) as Node[]
  const frames = (source === undefined ? [LATE] : source).map((item) => bindTargets(targets, item, frame))
  const conditions = frames.map((inner) => (filtered ? plain(value(filtered.cond, inner)) : true))
  const chosen = frames.filter((_, index) => isLate(conditions[index]) || truth(conditions[index] as Json))
  if (chosen.length === 0) return node.else_ ? output(node.else_, frame) : ''
  const texts = chosen.map((inner, index) => {
    inner.set('loop', loopVariable(index, chosen.length))
    return output(node.body, inner)
  })
  return source === undefined || conditions.some(isLate) ? LATE : texts.join('')
}

/** The items, or undefined when they are not known yet. */
function iterable(source: Value): Json[] | undefined {
  if (isLookup(source)) return source.keys()
  const given = plain(source)
  return isLate(given) && !Array.isArray(given) ? undefined : list(given, "'for'")
}

function bindTargets(targets: Node[], item: Json, outer: Frame): Frame {
  const inner = new Frame(outer)
  const [only, ...others] = targets
  if (only !== undefined && others.length === 0) inner.set(only.value as string, item)
  else
    for (const [index, target] of targets.entries())
      inner.set(target.value as string, plain(member(item, index)))
  return inner
}

function loopVariable(index: number, length: number): JsonObject {
  return {
    index: index + 1,
    index0: index,
    revindex: length - index,
    revindex0: length - index - 1,
    first: index === 0,
    last: index === length - 1,
    length,
  }
}

function assign(node: Node, frame: Frame): string {
  const assigned = node.value ? plain(value(node.value, frame)) : output(node.body.body, new Frame(frame))
  const targets = node.targets as Node[]
  for (const [index, target] of targets.entries())
    frame.set(target.value as string, targets.length === 1 ? assigned : plain(member(assigned, index)))
  return ''
}

/** Adds the place within the template to an error that has none. */
function located(node: Node, error: unknown): unknown {
  if (!(error instanceof TemplateError) || error.at !== undefined) return error
  return new TemplateError(
    error.message,
    error.hint,
    { line: node.lineno, column: node.colno },
    error.variable,
  )
}

function locate<T>(node: Node, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw located(node, error)
  }
}

function value(node: Node, frame: Frame): Value {
  const evaluator = EVALUATORS[node.typename]
  if (evaluator === undefined) throw new TemplateError(`${node.typename} can't be used here`)
  try {
    return evaluator(node, frame)
  } catch (error) {
    throw located(node, error)
  }
}

function known(node: Node, frame: Frame): Json {
  try {
    return plain(value(node, frame))
  } catch (error) {
    throw located(node, error)
  }
}

type Evaluator = (node: Node, frame: Frame) => Value

const EVALUATORS: Record<string, Evaluator> = {
  Literal: (node) => node.value as Json,
  Symbol: (node, frame) =>
    Object.hasOwn(CONSTANTS, node.value) ? (CONSTANTS[node.value] as Json) : frame.get(node.value as string),
  Group: (node, frame) => {
    const items = node.children as Node[]
    return items.length === 1 ? value(items[0] as Node, frame) : items.map((item) => known(item, frame))
  },
  Array: (node, frame) => (node.children as Node[]).map((item) => known(item, frame)),
  Dict: (node, frame) =>
    Object.fromEntries(
      (node.children as Node[]).map((pair) => [
        text(known(pair.key, frame), 'a key'),
        known(pair.value, frame),
      ]),
    ),
  LookupVal: (node, frame) => member(value(node.target, frame), known(node.val, frame)),
  InlineIf: inlineIf,
  Filter: filter,
  FunCall: call,
  Capture: (node, frame) => output(node.body, new Frame(frame)),
  Is: is,
  Not: (node, frame) => late(known(node.target, frame), (given) => !truth(given)),
  And: (node, frame) => either(node, frame, false),
  Or: (node, frame) => either(node, frame, true),
  In: (node, frame) => contains(known(node.left, frame), value(node.right, frame)),
  Compare: compareChain,
  Neg: (node, frame) => late(known(node.target, frame), (given) => -number(given, '-')),
  Pos: (node, frame) => late(known(node.target, frame), (given) => number(given, '+')),
  Concat: (node, frame) => textOf(known(node.left, frame)) + textOf(known(node.right, frame)),
  Add: arithmetic(add),
  Sub: arithmetic((a, b) => number(a, "'-'") - number(b, "'-'")),
  Mul: arithmetic((a, b) =>
    typeof a === 'string' ? a.repeat(times(b)) : number(a, "'*'") * number(b, "'*'"),
  ),
  Div: arithmetic((a, b) => number(a, "'/'") / divisor(b)),
  FloorDiv: arithmetic((a, b) => Math.floor(number(a, "'//'") / divisor(b))),
  Mod: arithmetic((a, b) => {
    if (typeof a === 'string')
      throw new TemplateError("'%' wants numbers", "use the filter: 'text %s' | format(x)")
    const by = divisor(b)
    return ((number(a, "'%'") % by) + by) % by
  }),
  Pow: arithmetic((a, b) => number(a, "'**'") ** number(b, "'**'")),
}

function late(given: Json, change: (given: Json) => Json): Json {
  return isLate(given) ? LATE : change(given)
}

function arithmetic(calculate: (a: Json, b: Json) => Json): Evaluator {
  return (node, frame) => {
    const [a, b] = [known(node.left, frame), known(node.right, frame)]
    return isLate(a) || isLate(b) ? LATE : calculate(a, b)
  }
}

function add(a: Json, b: Json): Json {
  if (typeof a === 'string' && typeof b === 'string') return a + b
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
  if (typeof a === 'string' || typeof b === 'string')
    throw new TemplateError(
      `${describe(a)} + ${describe(b)} is not possible`,
      'join text with ~, or convert it with | int',
    )
  return number(a, "'+'") + number(b, "'+'")
}

function times(value: Json): number {
  const count = number(value, "'*'")
  if (count >= 0 && count <= MOST_ITEMS) return count
  throw new TemplateError(`text can't be repeated ${count} times`)
}

function divisor(value: Json): number {
  const by = number(value, 'a division')
  if (by === 0) throw new TemplateError('division by zero')
  return by
}

function inlineIf(node: Node, frame: Frame): Value {
  const condition = known(node.cond, frame)
  const otherwise = (): Value =>
    node.else_
      ? value(node.else_, frame)
      : new Undefined('the condition is false and there is no else', "add: else '...'")
  if (!isLate(condition)) return truth(condition) ? value(node.body, frame) : otherwise()
  plain(value(node.body, frame))
  if (node.else_) plain(otherwise())
  return LATE
}

/** `and` stops at false, `or` at true; what is not known yet can still be decided by the other side. */
function either(node: Node, frame: Frame, stop: boolean): Value {
  const left = known(node.left, frame)
  if (!isLate(left) && truth(left) === stop) return left
  const right = known(node.right, frame)
  if (!isLate(left)) return right
  return !isLate(right) && truth(right) === stop ? right : LATE
}

function contains(item: Json, container: Value): Json {
  if (isLookup(container)) return isLate(item) ? LATE : container.keys().includes(String(item))
  const given = plain(container)
  if (isLate(item) || isLate(given)) return LATE
  if (typeof given === 'string') return given.includes(text(item, "'in'"))
  if (isMapping(given)) return Object.hasOwn(given, String(item))
  return list(given, "'in'").some((one) => isDeepStrictEqual(one, item))
}

const COMPARISONS: Record<string, (a: Json, b: Json) => boolean> = {
  '==': (a, b) => isDeepStrictEqual(a, b),
  '!=': (a, b) => !isDeepStrictEqual(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
}

function compareChain(node: Node, frame: Frame): Json {
  let left = known(node.expr, frame)
  let result: Json = true
  for (const { type, expr } of node.ops as { type: string; expr: Node }[]) {
    const right = known(expr, frame)
    const holds = COMPARISONS[type]
    if (holds === undefined)
      throw new TemplateError(`'${type}' is not supported`, 'use ==, !=, <, <=, > or >=')
    if (isLate(left) || isLate(right)) result = LATE
    else if (!holds(left, right)) return false
    left = right
  }
  return result
}

function is(node: Node, frame: Frame): Json {
  const { right } = node
  const given = value(node.left, frame)
  const name = conditionName(right)
  if (name === 'defined' || name === 'undefined') {
    if (!isLookup(given) && isLate(given)) return LATE
    return given instanceof Undefined === (name === 'undefined')
  }
  if (isLookup(given)) return name === 'mapping'
  const args = right.typename === 'FunCall' ? argumentsOf(right.args, frame).args : []
  if (isLate(plain(given)) || isLate(args)) return LATE
  return CONDITIONS[name]?.(plain(given), ...args) ?? false
}

function conditionName(right: Node): string {
  if (right.typename === 'FunCall') return right.name.value as string
  if (right.typename === 'Literal') return right.value === null ? 'none' : String(right.value)
  return right.value as string
}

function filter(node: Node, frame: Frame): Value {
  const name = node.name.value as string
  const [target, ...rest] = node.args.children as Node[]
  const { args, named } = argumentsOf({ ...node.args, children: rest } as Node, frame)
  const given = value(target as Node, frame)
  if (name === 'default' || name === 'd') return withDefault(given, args, named)
  const ready = plain(given)
  if (isLate(ready) || isLate(args) || isLate(named)) return LATE
  const apply = FILTERS[name]
  if (apply === undefined)
    throw new TemplateError(`there is no filter '${name}'`, didYouMean(name, Object.keys(FILTERS)))
  return apply(ready, args, named)
}

/** With `true` as second argument also instead of what is empty. */
function withDefault(given: Value, args: Json[], named: JsonObject): Value {
  const fallback = args[0] ?? named.default_value ?? ''
  const empty = (args[1] ?? named.boolean) === true
  if (given instanceof Undefined) return fallback
  return empty && !isLookup(given) && !isLate(given) && !truth(given) ? fallback : given
}

function argumentsOf(node: Node, frame: Frame): { args: Json[]; named: JsonObject } {
  const args: Json[] = []
  const named = Object.create(null) as JsonObject
  for (const child of node.children as Node[]) {
    if (child.typename !== 'KeywordArgs') args.push(known(child, frame))
    else for (const pair of child.children as Node[]) named[String(pair.key.value)] = known(pair.value, frame)
  }
  return { args, named }
}

function call(node: Node, frame: Frame): Value {
  const { args } = argumentsOf(node.args, frame)
  const callee = node.name as Node
  if (callee.typename === 'Symbol' && callee.value === 'range') return isLate(args) ? LATE : range(args)
  if (callee.typename !== 'LookupVal') throw new TemplateError("this can't be called", 'use a filter')
  const self = value(callee.target, frame)
  const name = callee.val.value as string
  if (isLookup(self)) return lookupMethod(name, self.keys())
  if (isLate(plain(self)) || isLate(args)) return LATE
  return METHODS[name]?.(plain(self), ...args) ?? null
}

function lookupMethod(name: string, keys: string[]): Json {
  if (name === 'keys') return keys
  throw new TemplateError(`.${name}() can't be used here`, 'loop over .keys() and look each one up')
}

function range(args: Json[]): number[] {
  const [a = 0, b, step = 1] = args.map((arg) => number(arg, "'range'"))
  const [from, to] = b === undefined ? [0, a] : [a, b]
  if (step === 0) throw new TemplateError("'range' wants a step other than 0")
  const length = Math.max(0, Math.ceil((to - from) / step))
  if (length > MOST_ITEMS) throw new TemplateError(`'range' gives more than ${MOST_ITEMS} numbers`)
  return Array.from({ length }, (_, index) => from + index * step)
}
