import { UsageError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Diagnostic } from '../../core/place.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import { importDefault } from './typescript.ts'
import { writtenPlaces } from './written.ts'
import type { Document } from '../yaml/yaml.ts'

/** Reads what a file in TypeScript exports as if it were YAML: plain data, with the place of each value. */
export async function readTypeScript(file: string): Promise<Document> {
  const exported = await importDefault(file, 'export default definePlaybook([ ... ])')
  const places = writtenPlaces(exported, file)
  const faults: Diagnostic[] = []
  const value = plain(exported, '', (pointer, message, hint) => {
    faults.push({ severity: 'error', place: places.placeOf(pointer), message: message + at(pointer), hint })
  })
  if (faults.length > 0) throw new UsageError(faults)
  return { file, value, ...places }
}

/** As one would write it behind the name of the value. */
function at(pointer: string): string {
  const parts = pointer.split('/').slice(1)
  const path = parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('')
  return path === '' ? '' : ` (at ${path})`
}

type Report = (pointer: string, message: string, hint: string) => void

/** Copies to plain JSON, so that nothing that the file does later can change it. */
function plain(value: unknown, pointer: string, report: Report, around: unknown[] = []): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const wrong = explain(value, around)
  if (wrong !== undefined) {
    report(pointer, ...wrong)
    return null
  }
  const inside = [...around, value]
  if (Array.isArray(value))
    return Array.from(value, (item, index) => plain(item, `${pointer}/${index}`, report, inside))
  const entries = Object.entries(value as object).map(([key, item]) => [
    key,
    plain(item, `${pointer}/${pointerKey(key)}`, report, inside),
  ])
  return Object.fromEntries(entries) as JsonObject
}

const DATA = 'only texts, numbers, true, false, null, lists and mappings of them can be used'

function explain(value: unknown, around: unknown[]): [message: string, hint: string] | undefined {
  if (value === undefined) return ["'undefined' can't be a value", 'leave the key out, or write null']
  if (typeof value === 'function') return ["a function can't be a value", 'call it, and use what it returns']
  if (value instanceof Promise) return ["a promise can't be a value", "write 'await' before it"]
  if (typeof value === 'number') return [`${value} can't be a value`, DATA]
  if (typeof value !== 'object' || value === null) return [`a ${typeof value} can't be a value`, DATA]
  if (around.includes(value)) return ['the value is part of itself', 'write it out']
  if (Array.isArray(value)) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    return [`an object of the class ${value.constructor.name} can't be a value`, DATA]
  return Object.hasOwn(value, '__proto__') ? ["'__proto__' can't be a key", 'use another name'] : undefined
}
