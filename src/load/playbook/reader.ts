import { didYouMean } from '../../base/suggest.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Diagnostic, Place } from '../../core/place.ts'
import { describe, isMapping } from '../template/values.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Document } from '../yaml/yaml.ts'

/** Reads typed values out of a document; each mistake becomes a problem with its place, and reading goes on. */
export class Reader {
  readonly document: Document
  readonly problems: Diagnostic[]
  constructor(document: Document, problems: Diagnostic[]) {
    this.document = document
    this.problems = problems
  }

  /** A pointer that ends in '#key' means the key itself. */
  placeOf(pointer: string): Place {
    return pointer.endsWith('#key')
      ? this.document.keyPlaceOf(pointer.slice(0, -4))
      : this.document.placeOf(pointer)
  }

  problem(pointer: string, message: string, hint?: string): void {
    this.problems.push({ severity: 'error', place: this.placeOf(pointer), message, hint })
  }

  get(pointer: string): Json | undefined {
    let value: Json | undefined = this.document.value
    for (const part of pointer.split('/').slice(1)) {
      if (typeof value !== 'object' || value === null) return undefined
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      value = Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined
    }
    return value
  }

  /** Empty when there is nothing, or, reported, something else. `wanted` says what to write. */
  mapping(pointer: string, what: string, wanted: string): JsonObject {
    const value = this.get(pointer) ?? {}
    if (isMapping(value)) return value
    this.problem(pointer, `${what} must be a mapping, not ${describe(value)}`, `write ${wanted}`)
    return {}
  }

  list(pointer: string, what: string, wanted: string): Json[] {
    const value = this.get(pointer) ?? []
    if (Array.isArray(value)) return value
    this.problem(pointer, `${what} must be a list, not ${describe(value)}`, `write ${wanted}`)
    return []
  }

  text(pointer: string, what: string): string | undefined {
    const value = this.get(pointer)
    if (value === undefined || (typeof value === 'string' && value !== '')) return value
    if (value === '' || value === null)
      this.problem(pointer, `${what} is empty`, 'write something, or remove it')
    else this.problem(pointer, `${what} must be text, not ${describe(value)}`, quoteHint(value))
    return undefined
  }

  flag(pointer: string, what: string): boolean | undefined {
    const value = this.get(pointer)
    if (value === undefined || typeof value === 'boolean') return value
    // YAML 1.1, and with it Ansible, reads these as booleans.
    const word = typeof value === 'string' && /^(?:(yes|on|true)|no|off|false)$/i.exec(value)
    if (word) return word[1] !== undefined
    const hint = 'write true or false, without quotes'
    this.problem(pointer, `${what} must be true or false, not ${describe(value)}`, hint)
    return undefined
  }

  /** A text, or a list of them. */
  texts(pointer: string, what: string): string[] {
    const value = this.get(pointer) ?? []
    if (!Array.isArray(value)) return [this.text(pointer, what)].filter((one) => one !== undefined)
    return value.map((_, index) => this.text(`${pointer}/${index}`, what)).filter((one) => one !== undefined)
  }

  /** The items of a list, or what stands in its place as the only one. */
  entries(pointer: string): { value: Json; pointer: string }[] {
    const value = this.get(pointer)
    if (value === undefined) return []
    if (!Array.isArray(value)) return [{ value, pointer }]
    return value.map((item, index) => ({ value: item, pointer: `${pointer}/${index}` }))
  }

  /** Reports keys that are not known; `habits` says what to do about those that are known elsewhere. */
  unknownKeys(pointer: string, known: string[], what: string, habits: Record<string, string> = {}): void {
    const value = this.get(pointer) ?? null
    for (const key of isMapping(value) ? Object.keys(value) : []) {
      if (known.includes(key)) continue
      const hint = Object.hasOwn(habits, key) ? habits[key] : didYouMean(key, known)
      this.problem(`${pointer}/${pointerKey(key)}#key`, `'${key}' is not a key of ${what}`, hint)
    }
  }
}

function quoteHint(value: Json): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? `quote it: "${value}"` : undefined
}
