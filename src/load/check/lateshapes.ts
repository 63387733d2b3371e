import type { Json } from '../../core/json.ts'
import { LATE } from '../../core/late.ts'

/** What is known of a value that is not known yet: a JSON Schema, as far as templates can be checked with it. */
export interface Shape {
  /** In messages: "the result of command". */
  title?: string
  type?: string | readonly string[]
  items?: Shape
  /** All that there is; other names are mistakes. */
  properties?: { readonly [name: string]: Shape }
  additionalProperties?: Shape
  anyOf?: Shape[]
}

/** What a value that is not known yet does not have. */
export interface NoMember {
  of: string
  known: string[]
  hint?: string
}

/** Stands for a value that is not known yet, like LATE, of which the shape is known. */
export function lateOf(shape: Shape): string {
  return `${LATE}${JSON.stringify(shape, (key, value: unknown) => (key === 'description' ? undefined : value))}\0`
}

/** The shape of a value that is not known yet; undefined when that is not known either. */
export function shapeOf(value: unknown): Shape | undefined {
  if (typeof value !== 'string' || !value.startsWith(LATE)) return undefined
  const [, json] = /^([^\0]+)\0$/.exec(value.slice(LATE.length)) ?? []
  return json === undefined ? undefined : (JSON.parse(json) as Shape)
}

/** A member of a value that is not known yet, or why it will never have one. */
export function lateMember(value: string, key: string): string | NoMember {
  const shape = shapeOf(value)
  return shape === undefined || key.includes(LATE) ? LATE : memberOf(shape, key)
}

function memberOf(shape: Shape, name: string): string | NoMember {
  if (shape.anyOf !== undefined) return memberOfAny(shape.anyOf, name)
  const { type, properties, additionalProperties, items } = shape
  if (type === 'array') return /^-?\d+$/.test(name) ? lateOf(items ?? {}) : { of: 'a list', known: [] }
  if (type === 'string') return /^-?\d+$/.test(name) ? LATE : { of: 'text', known: [] }
  if (type === 'integer' || type === 'number') return { of: 'a number', known: [] }
  if (type === 'boolean') return { of: 'true or false', known: [] }
  if (properties !== undefined && Object.hasOwn(properties, name)) return lateOf(properties[name] as Shape)
  if (additionalProperties !== undefined) return lateOf(additionalProperties)
  const [, stream = ''] = /^(stdout|stderr)_lines$/.exec(name) ?? []
  if (properties?.[stream]?.type === 'string') return lateOf({ type: 'array', items: { type: 'string' } })
  return properties === undefined ? LATE : noMember(shape, properties, name)
}

function noMember(shape: Shape, properties: Record<string, Shape>, name: string): NoMember {
  const inResults = Object.hasOwn(properties.results?.items?.properties ?? {}, name)
  const hint = inResults ? `the step loops: each of 'results' has its own '${name}'` : undefined
  return { of: shape.title ?? 'it', known: Object.keys(properties), hint }
}

/** What one of the alternatives has may be there. */
function memberOfAny(alternatives: Shape[], name: string): string | NoMember {
  const members = alternatives.map((one) => memberOf(one, name))
  const found = members.filter((one) => typeof one === 'string')
  if (found.length === 0) return members[0] ?? LATE
  const shapes = found.map(shapeOf)
  return shapes.every((one) => one !== undefined) ? lateOf(oneOf(shapes)) : LATE
}

/** The shape of what has one of these. */
export function oneOf(shapes: Shape[]): Shape {
  const distinct = new Map(shapes.map((one) => [JSON.stringify(one), one]))
  return distinct.size === 1 ? (shapes[0] as Shape) : { anyOf: [...distinct.values()] }
}

/** An item of a list that is not known yet. */
export function lateItem(list: unknown): string {
  const shape = shapeOf(list)
  return shape?.type === 'array' && shape.items !== undefined ? lateOf(shape.items) : LATE
}

/** A list of such items. */
export function lateList(item: Json): string {
  return lateOf({ type: 'array', items: shapeOf(item) ?? {} })
}

const SAMPLES: Record<string, Json> = { string: '', integer: 0, number: 0, array: [], object: {} }

/** Something of the same kind, when that is known and not a boolean. */
export function sampleOf(value: unknown): Json | undefined {
  const type = shapeOf(value)?.type
  return typeof type === 'string' ? SAMPLES[type] : undefined
}
