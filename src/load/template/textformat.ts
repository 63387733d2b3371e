import type { Json } from '../../core/json.ts'
import { repeated } from './budget.ts'
import type { Args } from './operations.ts'
import { TemplateError } from './templateerror.ts'
import { isMapping, number, textOf } from './values.ts'

/** Python's `'%s %03d' % values`. */
export function formatPercent(template: string, args: Args): string {
  let next = 0
  const result = template.replaceAll(
    /%(?:\((\w+)\))?([-+0 ]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g,
    (_, key: string | undefined, flags: string, width: string, places: string | undefined, kind: string) => {
      if (kind === '%') return '%'
      const value = key === undefined ? args[next++] : keyed(args[0], key)
      if (value === undefined) throw new TemplateError("'format' has more places than arguments")
      return padded(shown(value, kind, places, flags.includes('+')), Number(width), flags)
    },
  )
  const mapping = args.length === 1 && isMapping(args[0])
  if (next < args.length && !mapping) throw new TemplateError("'format' has more arguments than places")
  return result
}

function keyed(values: Json | undefined, key: string): Json | undefined {
  return isMapping(values) && Object.hasOwn(values, key) ? values[key] : undefined
}

function padded(value: string, width: number, flags: string): string {
  const room = repeated(flags.includes('0') ? '0' : ' ', Math.max(0, width - value.length))
  if (flags.includes('-')) return value + repeated(' ', room.length)
  const sign = flags.includes('0') ? (/^[+-]/.exec(value)?.[0] ?? '') : ''
  return sign + room + value.slice(sign.length)
}

function shown(value: Json, kind: string, places: string | undefined, plus: boolean): string {
  if (kind === 's' || kind === 'r') return cut(textOf(value), places)
  const given = number(value, "'format'")
  const digits = digitsOf(given, kind, Math.min(100, Number(places ?? 6)))
  if (digits === undefined)
    throw new TemplateError(`'format' knows no %${kind}`, 'use %s, %d, %f, %e, %x, %o or %%')
  return plus && given >= 0 ? `+${digits}` : digits
}

function cut(value: string, places: string | undefined): string {
  return places === undefined ? value : value.slice(0, Number(places))
}

function digitsOf(value: number, kind: string, places: number): string | undefined {
  const whole = Math.trunc(value)
  switch (kind) {
    case 'd':
    case 'i':
      return String(whole)
    case 'f':
      return value.toFixed(places)
    case 'e':
      return value.toExponential(places)
    case 'g':
      return String(Number(value.toPrecision(Math.max(1, places))))
    case 'x':
      return whole.toString(16)
    case 'X':
      return whole.toString(16).toUpperCase()
    case 'o':
      return whole.toString(8)
  }
  return undefined
}

/** Python's `'{} {name:>10}'.format(...)`, without the way into objects. */
export function formatBraces(template: string, args: Args, named: Record<string, Json>): string {
  let next = 0
  return template.replaceAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (part: string, field: string | undefined) => {
    if (part === '{{' || part === '}}') return part.charAt(0)
    if (field === undefined) throw new TemplateError(`a single ${part} in .format()`, `write ${part}${part}`)
    const [, name = '', spec = ''] = /^([^:]*):?([^]*)$/.exec(field) ?? []
    if (!/^\w*$/.test(name))
      throw new TemplateError(`.format() can't look into '{${name}}'`, 'look the value up in an expression')
    const value = name === '' ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : keyed(named, name)
    if (value === undefined) throw new TemplateError(`.format() has no value for '{${name}}'`)
    return aligned(value, spec)
  })
}

/** Python's format specification: [[fill]align][sign][0][width][.places][kind]. */
function aligned(value: Json, spec: string): string {
  const match = /^(?:([^])?([<>^]))?(\+?)(0?)(\d*)(?:\.(\d+))?([sdfexXo]?)$/.exec(spec)
  if (match === null) throw new TemplateError(`.format() can't read ':${spec}'`)
  const [, fill = ' ', align, sign, zero, width = '', places, given] = match
  const kind = given || (typeof value === 'number' ? (places === undefined ? 'g' : 'f') : 's')
  const digits = kind === 'g' ? textOf(value) : shown(value, kind, places, sign === '+')
  const room = Math.max(0, Number(width) - digits.length)
  if (zero === '0' && align === undefined) return padded(digits, Number(width), '0')
  const way = align ?? (typeof value === 'number' ? '>' : '<')
  const left = way === '>' ? room : way === '^' ? Math.floor(room / 2) : 0
  return repeated(fill, left) + digits + repeated(fill, room - left)
}
