import type { Json } from '../../core/json.ts'
import { repeated, requireRoom } from './budget.ts'
import { equal } from './equality.ts'
import { compare } from './ordering.ts'
import { TemplateError } from './templateerror.ts'
import type { Binary, Comparison } from './templatenodes.ts'
import { formatPercent } from './textformat.ts'
import { describe, isMapping, keyText, list, number, text } from './values.ts'

/** Most numbers of a range. */
const MOST = 100_000

type Calculation = (a: Json, b: Json) => Json

/** Python's arithmetic. */
export const ARITHMETIC: Record<Binary, Calculation> = {
  '+': add,
  '-': (a, b) => number(a, "'-'") - number(b, "'-'"),
  '*': multiply,
  '/': (a, b) => number(a, "'/'") / divisor(b),
  '//': (a, b) => Math.floor(number(a, "'//'") / divisor(b)),
  '%': modulo,
  '**': (a, b) => number(a, "'**'") ** number(b, "'**'"),
}

function modulo(a: Json, b: Json): Json {
  if (typeof a === 'string') return formatPercent(a, Array.isArray(b) ? b : [b])
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

function multiply(a: Json, b: Json): Json {
  if (typeof a === 'string') return repeated(a, number(b, "'*'"))
  if (typeof b === 'string') return repeated(b, number(a, "'*'"))
  if (!Array.isArray(a)) return number(a, "'*'") * number(b, "'*'")
  const times = Math.max(0, Math.trunc(number(b, "'*'")))
  requireRoom(a.length * times)
  return Array.from({ length: times }, () => a).flat()
}

/** Python's [start:stop:step] of a list or a text. */
export function slice(value: Json, [from = null, to = null, by = null]: Json[]): Json {
  const items = typeof value === 'string' ? Array.from(value) : value
  if (!Array.isArray(items))
    throw new TemplateError(`${describe(value)} has no slices`, 'lists and texts have')
  const step = by === null ? 1 : whole(by)
  if (step === 0) throw new TemplateError('a slice wants a step other than 0')
  const size = items.length
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1]
  const bound = (given: Json, otherwise: number): number =>
    given === null ? otherwise : Math.min(high, Math.max(low, whole(given) + (whole(given) < 0 ? size : 0)))
  const [start, stop] = [bound(from, step > 0 ? low : high), bound(to, step > 0 ? high : low)]
  const length = Math.max(0, Math.ceil((stop - start) / step))
  const chosen = Array.from({ length }, (_, index) => items[start + index * step] as Json)
  return typeof value === 'string' ? chosen.map(keyText).join('') : chosen
}

function whole(value: Json): number {
  const given = number(value, 'a slice')
  if (Number.isInteger(given)) return given
  throw new TemplateError('a slice wants whole numbers')
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
  return list(container, "'in'").some((one) => equal(one, item))
}

export const COMPARISONS: Record<Exclude<Comparison, 'in' | 'not in'>, (a: Json, b: Json) => boolean> = {
  '==': (a, b) => equal(a, b),
  '!=': (a, b) => !equal(a, b),
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
