import type { Json } from '../../core/json.ts'
import { bounded } from './budget.ts'
import { applyFilter, callMethod, type Given, testCondition } from './calls.ts'
import { GLOBALS } from './globals.ts'
import { isLate, LATE } from '../../core/late.ts'
import { ARITHMETIC, COMPARISONS, contains, slice } from './operators.ts'
import type { Frame } from './frame.ts'
import { callMacro } from './statements.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { isCycle } from './templatenames.ts'
import type { Arguments, Expression } from './templatenodes.ts'
import { isLookup, keyText, list, member, number, plain, text, textOf, truth, type Value } from './values.ts'

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>

/** The value of an expression; may be Undefined, or something to look into. Errors get its place. */
export function value(expression: Expression, frame: Frame): Value {
  try {
    const found = evaluate(expression, frame)
    if (!(found instanceof Undefined) || found.at !== undefined) return found
    return new Undefined(found.message, found.hint, expression.at)
  } catch (error) {
    throw located(expression, error)
  }
}

/** The value of an expression, which must be plain data. */
export function known(expression: Expression, frame: Frame): Json {
  try {
    return plain(evaluate(expression, frame))
  } catch (error) {
    throw located(expression, error)
  }
}

/** Adds the place within the template to an error that has none. */
export function located({ at }: Pick<Expression, 'at'>, error: unknown): unknown {
  if (!(error instanceof TemplateError) || error.at !== undefined) return error
  return new TemplateError(error.message, error.hint, at, error.variable, error.others)
}

function evaluate(expression: Expression, frame: Frame): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'name':
      return frame.get(expression.name)
    case 'member':
      return member(value(expression.target, frame), known(expression.key, frame))
    case 'choice':
      return choose(expression, frame)
    case 'and':
    case 'or':
      return either(expression, frame)
    case 'not':
      return late(known(expression.operand, frame), (given) => !truth(given))
    default:
      return bounded(calculate(expression, frame))
  }
}

/** Expressions that make something new. */
function calculate(expression: Expression, frame: Frame): Value {
  switch (expression.kind) {
    case 'list':
      return expression.items.map((item) => known(item, frame))
    case 'mapping':
      return Object.fromEntries(
        expression.pairs.map(([key, one]) => [text(known(key, frame), 'a key'), known(one, frame)]),
      )
    case 'filter':
      return (
        extracted(expression, frame) ??
        applyFilter(expression.name, value(expression.target, frame), argumentsOf(expression.args, frame))
      )
    case 'test':
      return testCondition(
        expression.name,
        value(expression.target, frame),
        argumentsOf(expression.args, frame),
      )
    case 'call':
      return call(expression, frame)
    case 'compare':
      return compareChain(expression, frame)
    case 'minus':
      return late(known(expression.operand, frame), (given) => -number(given, '-'))
    case 'plus':
      return late(known(expression.operand, frame), (given) => number(given, '+'))
    case 'join':
      return textOf(known(expression.left, frame)) + textOf(known(expression.right, frame))
    case 'arithmetic':
      return arithmetic(expression, frame)
    case 'slice':
      return cut(expression, frame)
  }
  throw new TemplateError("this can't be used here")
}

/** `extract` and `map('extract')` out of what can only be looked into, such as hosts; undefined: it is anything else. */
function extracted({ name, target, args }: Of<'filter'>, frame: Frame): Value | undefined {
  const [first, ...others] = args.positional
  const each = name === 'map' && first?.kind === 'literal' && first.value === 'extract'
  const [container, more] = each ? others : args.positional
  if ((name !== 'extract' && !each) || container === undefined) return undefined
  const lookup = value(container, frame)
  if (!isLookup(lookup)) return undefined
  const given = known(target, frame)
  const path = more === undefined ? [] : [known(more, frame)].flat()
  if (isLate(given) || isLate(path)) return LATE
  const pick = (key: Json): Value => [key, ...path].reduce<Value>((inner, one) => member(inner, one), lookup)
  return each ? list(given, "the filter 'map'").map((key) => plain(pick(key))) : pick(given)
}

function late(given: Json, change: (given: Json) => Json): Json {
  return isLate(given) ? LATE : change(given)
}

function arithmetic({ operator, left, right }: Of<'arithmetic'>, frame: Frame): Json {
  const [a, b] = [known(left, frame), known(right, frame)]
  if (isLate(a) || isLate(b)) return LATE
  const result = ARITHMETIC[operator](a, b)
  if (typeof result !== 'number' || Number.isFinite(result)) return result
  throw new TemplateError(`the result of '${operator}' is not a finite number`)
}

function cut({ target, parts }: Of<'slice'>, frame: Frame): Json {
  const given = known(target, frame)
  const bounds = parts.map((part) => (part === undefined ? null : known(part, frame)))
  return isLate(given) || isLate(bounds) ? LATE : slice(given, bounds)
}

function choose({ condition, yes, no }: Of<'choice'>, frame: Frame): Value {
  const decided = known(condition, frame)
  const otherwise = (): Value =>
    no === undefined
      ? new Undefined('the condition is false and there is no else', "add: else '...'")
      : value(no, frame)
  if (!isLate(decided)) return truth(decided) ? value(yes, frame) : otherwise()
  plain(value(yes, frame))
  if (no !== undefined) plain(otherwise())
  return LATE
}

/** `and` stops at false, `or` at true; what is not known yet can still be decided by the other side. */
function either({ kind, left, right }: Of<'and' | 'or'>, frame: Frame): Value {
  const stop = kind === 'or'
  const first = known(left, frame)
  if (!isLate(first) && truth(first) === stop) return first
  const second = known(right, frame)
  if (!isLate(first)) return second
  return !isLate(second) && truth(second) === stop ? second : LATE
}

function compareChain({ first, rest }: Of<'compare'>, frame: Frame): Json {
  let left = known(first, frame)
  let result: Json = true
  for (const { operator, operand } of rest) {
    const right = value(operand, frame)
    const holds =
      operator === 'in' || operator === 'not in'
        ? isIn(left, right, operator === 'in')
        : compareTwo(left, plain(right), COMPARISONS[operator])
    if (holds === LATE) result = LATE
    else if (!holds) return false
    left = isLookup(right) ? null : plain(right)
  }
  return result
}

function compareTwo(left: Json, right: Json, holds: (a: Json, b: Json) => boolean): boolean | typeof LATE {
  return isLate(left) || isLate(right) ? LATE : holds(left, right)
}

function isIn(item: Json, container: Value, wanted: boolean): boolean | typeof LATE {
  if (isLookup(container)) return isLate(item) ? LATE : container.keys().includes(keyText(item)) === wanted
  const given = plain(container)
  return isLate(item) || isLate(given) ? LATE : contains(item, given) === wanted
}

function call({ callee, args }: Of<'call'>, frame: Frame): Value {
  const given = argumentsOf(args, frame)
  if (callee.kind === 'name') return callFunction(callee.name, given, frame)
  if (callee.kind !== 'member' || callee.key.kind !== 'literal')
    throw new TemplateError("this can't be called", 'use a filter')
  if (isCycle(callee)) return cycle(known(callee.target, frame), given.args)
  return callMethod(callee.key.value as string, value(callee.target, frame), given)
}

function callFunction(name: string, given: Given, frame: Frame): Value {
  const defined = frame.macro(name)
  if (defined !== undefined) return callMacro(defined, given, frame)
  if (!GLOBALS.has(name)) throw new TemplateError(`there is no ${name}() here`)
  if (isLate(given.args) || isLate(given.named)) return LATE
  const found = GLOBALS.get(name)
  if (found !== undefined) return found(given.args, given.named)
  const [kind, ...terms] = given.args
  const result = frame.lookup(text(kind ?? null, 'lookup'), terms, given.named)
  return name === 'lookup' ? result : [plain(result)]
}

function cycle(loop: Json, items: Json[]): Json {
  const index = member(loop, 'index0')
  if (typeof index !== 'number' || items.length === 0)
    throw new TemplateError('loop.cycle wants values to go through')
  return items[index % items.length] as Json
}

export function argumentsOf({ positional, named }: Arguments, frame: Frame): Given {
  const given: Given = { args: positional.map((one) => known(one, frame)), named: Object.create(null) }
  for (const [name, one] of named) given.named[name] = known(one, frame)
  return given
}
