import type { Json } from '../../core/json.ts'
import type { Filter } from './filters.ts'
import { operation } from './operations.ts'
import { TemplateError } from './templateerror.ts'
import { describe, number, text } from './values.ts'

export const NUMBER_FILTERS: Record<string, Filter> = {
  int: operation('default base', (value, [otherwise = 0, base = 10]) =>
    toInteger(value, otherwise, number(base, "'int'")),
  ),
  float: operation('default', (value, [otherwise = 0]) => toNumber(value) ?? otherwise),
  bool: operation('', (value) => toBoolean(value)),
  abs: operation('', (value) => Math.abs(number(value, "'abs'"))),
  round: operation('precision method', (value, [precision = 0, method = 'common']) =>
    round(number(value, "'round'"), number(precision, "'round'"), method),
  ),
  log: operation('base', (value, [base]) => {
    const natural = Math.log(number(value, "'log'"))
    return finite(base === undefined ? natural : natural / Math.log(number(base, "'log'")), 'log')
  }),
  pow: operation('exponent', (value, [exponent = 1]) =>
    finite(number(value, "'pow'") ** number(exponent, "'pow'"), 'pow'),
  ),
  root: operation('base', (value, [base = 2]) =>
    finite(number(value, "'root'") ** (1 / number(base, "'root'")), 'root'),
  ),
  human_readable: operation('isbits unit', (value, [bits, unit]) =>
    humanSize(number(value, "'human_readable'"), bits === true, unit),
  ),
  human_to_bytes: operation('default_unit isbits', (value, [unit = '']) =>
    bytesOf(text(value, "'human_to_bytes'"), text(unit, "'human_to_bytes'")),
  ),
  filesizeformat: operation('binary', (value, [binary]) =>
    fileSize(number(value, "'filesizeformat'"), binary === true),
  ),
}

function finite(value: number, name: string): number {
  if (Number.isFinite(value)) return value
  throw new TemplateError(`the result of '${name}' is not a finite number`)
}

function toNumber(value: Json): number | undefined {
  if (typeof value === 'boolean') return Number(value)
  const given =
    typeof value === 'string' && value.trim() !== '' ? Number(value.trim().replaceAll('_', '')) : value
  return typeof given === 'number' && Number.isFinite(given) ? given : undefined
}

function toInteger(value: Json, otherwise: Json, base: number): Json {
  if (typeof value !== 'string' || base === 10) {
    const found = toNumber(value)
    return found === undefined ? otherwise : Math.trunc(found)
  }
  if (base < 2 || base > 36) throw new TemplateError(`'int' knows no base ${base}`, 'use 2 to 36')
  const digits = value
    .trim()
    .toLowerCase()
    .replace(base === 16 ? /^0x/ : base === 8 ? /^0o/ : base === 2 ? /^0b/ : /^(?!)/, '')
  const whole =
    /^[0-9a-z]+$/.test(digits) && Array.from(digits).every((one) => Number.parseInt(one, 36) < base)
  return whole ? Number.parseInt(digits, base) : otherwise
}

/** Other words would silently count as false. */
function toBoolean(value: Json): boolean {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 0 || value === null) return value === 1
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (['yes', 'on', 'true', '1', 'y', 't'].includes(word)) return true
  if (['no', 'off', 'false', '0', 'n', 'f', ''].includes(word) && typeof value === 'string') return false
  const shown = typeof value === 'string' ? `'${value}'` : describe(value)
  throw new TemplateError(
    `'bool' can't read ${shown}`,
    'it knows true, yes, on, 1 and false, no, off, 0; or compare it',
  )
}

/** Halves go to the even neighbour, as in Python. */
function round(value: number, precision: number, method: Json): number {
  const factor = 10 ** precision
  const scaled = value * factor
  const rounded = { common: even(scaled), ceil: Math.ceil(scaled), floor: Math.floor(scaled) }
  if (typeof method !== 'string' || !Object.hasOwn(rounded, method))
    throw new TemplateError("'round' knows common, ceil and floor")
  return finite(rounded[method as 'common'] / factor, 'round')
}

function even(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']

function humanSize(bytes: number, bits: boolean, unit: Json | undefined): string {
  const largest = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const power = typeof unit === 'string' ? Math.max(0, UNITS.indexOf(unit.charAt(0).toUpperCase())) : largest
  const name = power === 0 ? (bits ? 'bits' : 'bytes') : `${UNITS[power]}${bits ? 'b' : 'B'}`
  return `${(bytes / 1024 ** power).toFixed(2)} ${name}`
}

function bytesOf(size: string, unit: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGTPEZY]?)i?b?\s*$/i.exec(size)
  if (match === null) throw new TemplateError(`'${size}' is not a size`, 'write e.g. 2GiB')
  return Math.round(
    Number(match[1]) * 1024 ** Math.max(0, UNITS.indexOf((match[2] || unit.charAt(0)).toUpperCase())),
  )
}

function fileSize(bytes: number, binary: boolean): string {
  const step = binary ? 1024 : 1000
  const power =
    bytes < step ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log(bytes) / Math.log(step) + 1e-9))
  if (power === 0) return bytes === 1 ? '1 Byte' : `${bytes} Bytes`
  const prefix = power === 1 && !binary ? 'k' : UNITS[power]
  return `${(bytes / step ** power).toFixed(1)} ${prefix}${binary ? 'i' : ''}B`
}
