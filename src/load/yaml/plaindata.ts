import type { Json, JsonObject } from '../../core/json.ts'

const MAX_NODES = 200_000

/** Escapes a key for use in a JSON pointer. */
export function pointerKey(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Why a parsed value can't be used as plain data. */
export class NotJson extends Error {
  readonly pointer: string
  readonly hint: string
  constructor(message: string, pointer: string, hint: string) {
    super(message)
    this.pointer = pointer
    this.hint = hint
  }
}

/** What an object that is neither list nor mapping becomes; undefined: it is one of these. */
type Special = (node: object, pointer: string) => Json | undefined

/** Copies to plain JSON; aliases become copies, so that a file can't describe a cycle or grow without bound. */
export function toJson(value: unknown, special: Special = () => undefined): Json {
  let nodes = 0
  const open = new Set<unknown>()
  const copy = (node: unknown, pointer: string): Json => {
    if (++nodes > MAX_NODES)
      throw new NotJson('the aliases of this file expand to too much data', pointer, 'use fewer aliases')
    if (node === null || typeof node === 'string' || typeof node === 'boolean') return node
    if (typeof node === 'number' && Number.isFinite(node)) return node
    if (typeof node === 'number')
      throw new NotJson(`${node} can't be used as a value`, pointer, 'quote it if it is meant as text')
    if (open.has(node))
      throw new NotJson('an alias refers to the value it is part of', pointer, 'write it out')
    const replaced = special(node as object, pointer)
    if (replaced !== undefined) return replaced
    open.add(node)
    const result = Array.isArray(node)
      ? node.map((item, index) => copy(item, `${pointer}/${index}`))
      : copyMapping(node as Record<string, unknown>, pointer, copy)
    open.delete(node)
    return result
  }
  return copy(value, '')
}

function copyMapping(
  node: Record<string, unknown>,
  pointer: string,
  copy: (node: unknown, pointer: string) => Json,
): JsonObject {
  const result: JsonObject = {}
  for (const key of Object.keys(node)) {
    const path = `${pointer}/${pointerKey(key)}`
    if (key === '__proto__') throw new NotJson("'__proto__' can't be a key", path, 'use another name')
    result[key] = copy(node[key], path)
  }
  return result
}
