import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../core/json.ts'
import { compare } from './ordering.ts'
import { TemplateError } from './templateerror.ts'
import { describe, isMapping, keyText, list, number, text } from './values.ts'

/** Most items of a range, and most repetitions of a text. */
const MOST = 100_000

type Calculation = (a: Json, b: Json) => Json

/** Python's arithmetic, by the name of the operator's node. */
export const ARITHMETIC = {
  Add: add,
  Sub: (a, b) => number(a, "'-'") - number(b, "'-'"),
  Mul: (a, b) => (typeof a === 'string' ? a.repeat(times(b)) : number(a, "'*'") * number(b, "'*'")),
  Div: (a, b) => number(a, "'/'") / divisor(b),
  FloorDiv: (a, b) => Math.floor(number(a, "'//'") / divisor(b)),
  Mod: modulo,
  Pow: (a, b) => number(a, "'**'") ** number(b, "'**'"),
} satisfies Record<string, Calculation>

function modulo(a: Json, b: Json): number {
  if (typeof a === 'string')
    throw new TemplateError("'%' wants numbers", "use the filter: 'text %s' | format(x)")
  const by = divisor(b)
  return ((number(a, "'%'") % by) + by) % by
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
  if (count >= 0 && count <= MOST) return count
  throw new TemplateError(`text can't be repeated ${count} times`)
}

function divisor(value: Json): number {
  const by = number(value, 'a division')
  if (by === 0) throw new TemplateError('division by zero')
  return by
}

/** Python's `in`; both values are known. */
export function contains(item: Json, container: Json): boolean {
  if (typeof container === 'string') return container.includes(text(item, "'in'"))
  if (isMapping(container)) return Object.hasOwn(container, keyText(item))
  return list(container, "'in'").some((one) => isDeepStrictEqual(one, item))
}

export const COMPARISONS: Record<string, (a: Json, b: Json) => boolean> = {
  '==': (a, b) => isDeepStrictEqual(a, b),
  '!=': (a, b) => !isDeepStrictEqual(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
}

/** As in Python: range(end), range(start, end) or range(start, end, step). */
export function range(args: Json[]): number[] {
  const [a = 0, b, step = 1] = args.map((arg) => number(arg, "'range'"))
  const [from, to] = b === undefined ? [0, a] : [a, b]
  if (step === 0) throw new TemplateError("'range' wants a step other than 0")
  const length = Math.max(0, Math.ceil((to - from) / step))
  if (length > MOST) throw new TemplateError(`'range' gives more than ${MOST} numbers`)
  return Array.from({ length }, (_, index) => from + index * step)
}
