import type { Json, JsonObject } from '../core/json.ts'
import { applyFilter, type Arguments, callMethod, testCondition } from './calls.ts'
import { isLate, LATE } from './late.ts'
import { ARITHMETIC, COMPARISONS, contains, range } from './operators.ts'
import type { Frame } from './frame.ts'
import type { Node } from './template.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { isLookup, keyText, member, number, plain, text, textOf, truth, type Value } from './values.ts'

const CONSTANTS: Record<string, Json> = { True: true, False: false, None: null }

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

/** Runs work for a node; errors get its place. */
export function locate<T>(node: Node, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw located(node, error)
  }
}

/** The value of an expression; may be Undefined, or something to look into. */
export function value(node: Node, frame: Frame): Value {
  const evaluator = EVALUATORS[node.typename]
  if (evaluator === undefined) throw new TemplateError(`${node.typename} can't be used here`)
  try {
    return evaluator(node, frame)
  } catch (error) {
    throw located(node, error)
  }
}

/** The value of an expression, which must be plain data. */
export function known(node: Node, frame: Frame): Json {
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
  Is: is,
  Not: (node, frame) => late(known(node.target, frame), (given) => !truth(given)),
  And: (node, frame) => either(node, frame, false),
  Or: (node, frame) => either(node, frame, true),
  In: isIn,
  Compare: compareChain,
  Neg: (node, frame) => late(known(node.target, frame), (given) => -number(given, '-')),
  Pos: (node, frame) => late(known(node.target, frame), (given) => number(given, '+')),
  Concat: (node, frame) => textOf(known(node.left, frame)) + textOf(known(node.right, frame)),
  Add: arithmetic(ARITHMETIC.Add),
  Sub: arithmetic(ARITHMETIC.Sub),
  Mul: arithmetic(ARITHMETIC.Mul),
  Div: arithmetic(ARITHMETIC.Div),
  FloorDiv: arithmetic(ARITHMETIC.FloorDiv),
  Mod: arithmetic(ARITHMETIC.Mod),
  Pow: arithmetic(ARITHMETIC.Pow),
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

function isIn(node: Node, frame: Frame): Json {
  const item = known(node.left, frame)
  const container = value(node.right, frame)
  if (isLookup(container)) return isLate(item) ? LATE : container.keys().includes(keyText(item))
  const given = plain(container)
  return isLate(item) || isLate(given) ? LATE : contains(item, given)
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
  const args = right.typename === 'FunCall' ? argumentsOf(right.args, frame).args : []
  return testCondition(conditionName(right), given, args)
}

function conditionName(right: Node): string {
  if (right.typename === 'FunCall') return right.name.value as string
  if (right.typename === 'Literal') return right.value === null ? 'none' : String(right.value)
  return right.value as string
}

function filter(node: Node, frame: Frame): Value {
  const [target, ...rest] = node.args.children as Node[]
  const given = argumentsOf({ ...node.args, children: rest } as Node, frame)
  return applyFilter(node.name.value as string, value(target as Node, frame), given)
}

function call(node: Node, frame: Frame): Value {
  const { args } = argumentsOf(node.args, frame)
  const callee = node.name as Node
  if (callee.typename === 'Symbol' && callee.value === 'range') return isLate(args) ? LATE : range(args)
  if (callee.typename !== 'LookupVal') throw new TemplateError("this can't be called", 'use a filter')
  return callMethod(callee.val.value as string, value(callee.target, frame), args)
}

function argumentsOf(node: Node, frame: Frame): Arguments {
  const args: Json[] = []
  const named = Object.create(null) as JsonObject
  for (const child of node.children as Node[]) {
    if (child.typename !== 'KeywordArgs') args.push(known(child, frame))
    else for (const pair of child.children as Node[]) named[String(pair.key.value)] = known(pair.value, frame)
  }
  return { args, named }
}
