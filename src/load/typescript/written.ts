import { resolve } from 'node:path'
import type { Place } from '../../core/place.ts'

/** Line, column. */
type Position = [number, number]

/** Where an object or a list was written: the whole, and by key the key and its value. */
interface Written {
  file: string
  at: Position
  keys: Record<string, { key: Position; value: Position }>
}

const places = new WeakMap<object, () => Written>()

/** Name of the global function that compiled TypeScript calls around each of its literals. */
export const WRITTEN = '__provisionWritten'

Object.defineProperty(globalThis, WRITTEN, {
  value: (literal: object, file: string, positions: string): object => {
    places.set(literal, () => ({ file, ...(JSON.parse(positions) as Omit<Written, 'file'>) }))
    return literal
  },
})

/** Finds places below a value that TypeScript gave; `file` is what the user calls the file with that value. */
export interface WrittenPlaces {
  /** Of the value at a JSON pointer, or of the nearest around it that is known. */
  placeOf(pointer: string): Place
  keyPlaceOf(pointer: string): Place
}

export function writtenPlaces(root: unknown, file: string): WrittenPlaces {
  const find = (pointer: string, what: 'key' | 'value'): Place => {
    const parts = pointer.split('/').slice(1)
    let value = root
    let place = ownPlace(root, file) ?? { file, line: 1, column: 1 }
    for (const [index, part] of parts.entries()) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      place = memberPlace(value, key, index === parts.length - 1 ? what : 'value', file) ?? place
      value = isObject(value) ? (value as Record<string, unknown>)[key] : undefined
      // What is used here and written elsewhere is looked into there.
      if (index < parts.length - 1) place = ownPlace(value, file) ?? place
    }
    return place
  }
  return { placeOf: (pointer) => find(pointer, 'value'), keyPlaceOf: (pointer) => find(pointer, 'key') }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function ownPlace(value: unknown, file: string): Place | undefined {
  const written = isObject(value) ? places.get(value)?.() : undefined
  return written && placeAt(written, written.at, file)
}

function memberPlace(value: unknown, key: string, what: 'key' | 'value', file: string): Place | undefined {
  const written = isObject(value) ? places.get(value)?.() : undefined
  if (written === undefined) return undefined
  if (Object.hasOwn(written.keys, key)) return placeAt(written, written.keys[key]![what], file)
  // What was spread into it may have been written on its own.
  return ownPlace((value as Record<string, unknown>)[key], file)
}

function placeAt(written: Written, [line, column]: Position, file: string): Place {
  return { file: userName(written.file, file), line, column }
}

/** The name of a file as the user gave it, else relative to where the program was started, if it lies there. */
export function userName(path: string, given: string): string {
  if (path === resolve(given)) return given
  const here = `${process.cwd()}/`
  return !given.startsWith('/') && path.startsWith(here) ? path.slice(here.length) : path
}

// What follows is the part of Babel that is used, which comes without types.
interface Node {
  type: string
  loc?: { start: { line: number; column: number } }
  key: Node
  value: Node | string | number
  name: string
  computed?: boolean
  properties: Node[]
  elements: (Node | null)[]
}
interface Path {
  node: Node
  replaceWith(node: unknown): void
  skip(): void
}
interface Babel {
  types: Record<string, (...parts: unknown[]) => unknown>
}
interface BabelFile {
  path: { traverse(visitor: unknown): void }
}

/**
 * A plugin for Babel that has each literal of a file noted with its place. It works ahead of all others: they replace
 * `import.meta.filename`, by which it knows the file.
 */
export function notePlaces({ types }: Babel): unknown {
  const { callExpression, identifier, stringLiteral, memberExpression, metaProperty } = types as Required<
    Babel['types']
  >
  const filename = (): unknown =>
    memberExpression!(metaProperty!(identifier!('import'), identifier!('meta')), identifier!('filename'))
  const exit = (path: Path): void => {
    const { node } = path
    if (node.loc === undefined) return
    const positions = JSON.stringify({ at: start(node), keys: keysOf(node) })
    path.replaceWith(callExpression!(identifier!(WRITTEN), [node, filename(), stringLiteral!(positions)]))
    path.skip()
  }
  const pre = ({ path }: BabelFile): void =>
    path.traverse({ ObjectExpression: { exit }, ArrayExpression: { exit } })
  return { name: 'note-places', pre, visitor: {} }
}

function keysOf(node: Node): Written['keys'] {
  return Object.fromEntries(
    node.type === 'ArrayExpression' ? elementKeys(node.elements) : propertyKeys(node.properties),
  )
}

type Entry = [string, { key: Position; value: Position }]

/** What comes behind a spread list has no index that is known here. */
function elementKeys(elements: (Node | null)[]): Entry[] {
  const spread = elements.findIndex((one) => one?.type === 'SpreadElement')
  return elements.slice(0, spread < 0 ? undefined : spread).flatMap((one, index): Entry[] => {
    const at = one === null ? undefined : start(one)
    return at === undefined ? [] : [[String(index), { key: at, value: at }]]
  })
}

function propertyKeys(properties: Node[]): Entry[] {
  return properties.flatMap((one): Entry[] => {
    if (one.computed || one.type === 'SpreadElement') return []
    const key = start(one.key)
    const value = typeof one.value === 'object' ? start(one.value) : key
    if (key === undefined) return []
    const name = one.key.type === 'Identifier' ? one.key.name : String(one.key.value as string | number)
    return [[name, { key, value: value ?? key }]]
  })
}

/** Babel counts columns from 0. A literal within has been wrapped by now, which keeps its place in its argument. */
function start(node: Node & { arguments?: Node[] }): Position | undefined {
  const { loc } = node.loc === undefined && node.arguments?.[0] ? node.arguments[0] : node
  return loc && [loc.start.line, loc.start.column + 1]
}
