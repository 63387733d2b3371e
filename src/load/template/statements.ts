import type { Json, JsonObject } from '../../core/json.ts'
import { bounded, isExhausted, requireRoom, spend } from './budget.ts'
import { applyFilter, type Given } from './calls.ts'
import { argumentsOf, known, located, value } from './expressions.ts'
import { type Defined, Frame } from './frame.ts'
import { isNamespace } from './globals.ts'
import { isLate, LATE } from '../../core/late.ts'
import { lateItem } from '../check/lateshapes.ts'
import { TemplateError, together, Undefined } from './templateerror.ts'
import type { Macro, Statement, Target } from './templatenodes.ts'
import { isLookup, list, member, plain, text, textOf, truth, type Value } from './values.ts'

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>

/** Frames inside each other: macros that call themselves, templates that include each other. */
const MOST_NESTED = 200

/** The text that statements give; LATE somewhere in it when that is not known yet. */
export function output(statements: Statement[], frame: Frame): string {
  if (frame.depth > MOST_NESTED) throw new TemplateError('the template is nested too deeply')
  let result = ''
  const wrong: TemplateError[] = []
  for (const statement of statements) {
    try {
      result += outputOne(statement, frame)
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      wrong.push(error)
      if (!goesOn(statement)) break
    }
    requireRoom(result.length, 16_000_000)
  }
  if (wrong.length > 0) throw together(wrong)
  return bounded(result)
}

/** Whether what follows a statement that failed can tell of mistakes of its own. */
function goesOn({ kind }: Statement): boolean {
  return !isExhausted() && kind !== 'set' && kind !== 'capture'
}

function outputOne(statement: Statement, frame: Frame): string {
  try {
    return outputAny(statement, frame)
  } catch (error) {
    throw located(statement, error)
  }
}

function outputAny(statement: Statement, frame: Frame): string {
  switch (statement.kind) {
    case 'text':
      return statement.text
    case 'output':
      return textOf(known(statement.expression, frame))
    case 'if':
      return outputIf(statement, frame)
    case 'for':
      return outputFor(statement, frame)
    case 'set':
      return assign(statement.targets, value(statement.value, frame), frame)
    case 'capture':
      return assign([statement.target], output(statement.body, new Frame(frame)), frame)
    case 'with':
      return outputWith(statement, frame)
    case 'filter':
      return filtered(statement, frame)
    case 'macro':
      frame.define(statement.macro)
      return ''
    case 'callblock':
      return outputCall(statement, frame)
    case 'include':
      return include(statement, frame)
  }
}

function outputIf({ branches, otherwise }: Of<'if'>, frame: Frame): string {
  for (const [index, { condition, body }] of branches.entries()) {
    const decided = known(condition, frame)
    if (isLate(decided)) return allWays([...branches.slice(index).map((one) => one.body), otherwise], frame)
    if (truth(decided)) return output(body, frame)
  }
  return output(otherwise, frame)
}

/** All ways are walked, so that mistakes in each are found. */
function allWays(bodies: Statement[][], frame: Frame): string {
  for (const body of bodies) output(body, new Frame(frame))
  return LATE
}

function outputFor({ targets, source, condition, body, otherwise }: Of<'for'>, frame: Frame): string {
  const given = value(source, frame)
  const items = iterable(given)
  spend(2 * (items?.length ?? 1))
  const frames = (items ?? [lateItem(given)]).map((item) => bind(targets, item, new Frame(frame)))
  const conditions = frames.map((inner) => (condition === undefined ? true : known(condition, inner)))
  const chosen = frames.filter((_, index) => isLate(conditions[index]) || truth(conditions[index] as Json))
  if (chosen.length === 0) return output(otherwise, frame)
  const neighbour = (index: number): Json => plainItem(chosen[index], targets)
  let result = ''
  for (const [index, inner] of chosen.entries()) {
    inner.set('loop', loopVariable(index, chosen.length, neighbour))
    result += output(body, inner)
    requireRoom(result.length, 16_000_000)
  }
  return items === undefined || conditions.some(isLate) ? LATE : result
}

function plainItem(frame: Frame | undefined, targets: Target[]): Json {
  const values = targets.map(({ name }) => plain(frame?.get(name) ?? null))
  return values.length === 1 ? (values[0] as Json) : values
}

/** The items, or undefined when they are not known yet. */
function iterable(source: Value): Json[] | undefined {
  if (isLookup(source)) return source.keys()
  const given = plain(source)
  return isLate(given) && !Array.isArray(given) ? undefined : list(given, "'for'")
}

function bind(targets: Target[], item: Json, inner: Frame): Frame {
  assign(targets, item, inner)
  return inner
}

function loopVariable(index: number, length: number, item: (index: number) => Json): JsonObject {
  const neighbours = {
    ...(index > 0 && { previtem: item(index - 1) }),
    ...(index < length - 1 && { nextitem: item(index + 1) }),
  }
  return {
    index: index + 1,
    index0: index,
    revindex: length - index,
    revindex0: length - index - 1,
    first: index === 0,
    last: index === length - 1,
    length,
    ...neighbours,
  }
}

function assign(targets: Target[], assigned: Value, frame: Frame): string {
  const [only, ...others] = targets
  if (only !== undefined && others.length === 0) {
    setOne(only, assigned, frame)
    return ''
  }
  const parts = plain(assigned)
  if (Array.isArray(parts) && parts.length !== targets.length)
    throw new TemplateError(`${parts.length} values are given to ${targets.length} names`)
  for (const [index, target] of targets.entries()) setOne(target, member(parts, index), frame)
  return ''
}

function setOne({ name, member: key }: Target, assigned: Value, frame: Frame): void {
  if (key === undefined) return frame.set(name, isLookup(assigned) ? assigned : plain(assigned))
  const space = frame.get(name)
  if (!isNamespace(space))
    throw new TemplateError(`'${name}' is no namespace`, `begin with {% set ${name} = namespace() %}`)
  Object.defineProperty(space, key, {
    value: plain(assigned),
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function outputWith({ pairs, body }: Of<'with'>, frame: Frame): string {
  const inner = new Frame(frame)
  for (const [target, expression] of pairs) inner.set(target.name, known(expression, frame))
  return output(body, inner)
}

function filtered({ name, args, body }: Of<'filter'>, frame: Frame): string {
  return textOf(plain(applyFilter(name, output(body, new Frame(frame)), argumentsOf(args, frame))))
}

function outputCall({ call, caller }: Of<'callblock'>, frame: Frame): string {
  const name = call.callee.kind === 'name' ? call.callee.name : ''
  const defined = frame.macro(name)
  if (defined === undefined) throw new TemplateError(`'${name}' is no macro`)
  return callMacro(defined, argumentsOf(call.args, frame), frame, { macro: caller, frame })
}

/** The text of a macro's body, with its parameters bound to what was given. */
export function callMacro(
  { macro, frame: outer }: Defined,
  given: Given,
  from: Frame,
  caller?: Defined,
): string {
  // What it was called from counts for the depth, too: otherwise a macro could call itself forever.
  if (from.depth + 1 > MOST_NESTED)
    throw new TemplateError(`the macro '${macro.name}' calls itself without end`)
  const inner = new Frame(outer, from.depth + 1)
  if (caller !== undefined) inner.define(caller.macro, caller.frame)
  const { args, named } = given
  const names = macro.parameters.map(([name]) => name)
  const unknown = Object.keys(named).find((name) => !names.includes(name))
  if (unknown !== undefined || args.length > names.length)
    throw new TemplateError(
      `the macro '${macro.name}' takes no ${unknown === undefined ? `${args.length} arguments` : `'${unknown}'`}`,
      `it takes (${names.join(', ')})`,
    )
  for (const [index, [name, otherwise]] of macro.parameters.entries())
    inner.set(name, args[index] ?? named[name] ?? defaultOf(macro, name, otherwise, inner))
  return output(macro.body, inner)
}

function defaultOf(macro: Macro, name: string, otherwise: Macro['parameters'][0][1], frame: Frame): Value {
  if (otherwise !== undefined) return known(otherwise, frame)
  return new Undefined(`the macro '${macro.name}' was called without '${name}'`)
}

function include({ file }: Of<'include'>, frame: Frame): string {
  const name = known(file, frame)
  return isLate(name) ? LATE : output(frame.template(text(name, 'include')).body, new Frame(frame))
}
