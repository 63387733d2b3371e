import { readFile } from 'node:fs/promises'
import {
  CORE_SCHEMA,
  constructFromEvents,
  dump,
  EVENT_ID,
  type Event,
  getScalarValue,
  mergeTag,
  parseEvents,
  YAMLException,
} from 'js-yaml'
import { UsageError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import { explain, explainRead, type Fault } from './yamlfaults.ts'

/** A YAML file as data that knows where each of its values was written. */
export interface Document {
  file: string
  value: Json
  /** Place of the value at a JSON pointer, or of its nearest ancestor that has one. */
  placeOf(pointer: string): Place
  /** Place of the key at a JSON pointer. */
  keyPlaceOf(pointer: string): Place
}

const SCHEMA = CORE_SCHEMA.withTags(mergeTag)
const MAX_ALIASES = 100
const MAX_NODES = 200_000

/** Escapes a key for use in a JSON pointer. */
export function pointerKey(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Reads and parses a file. Throws UsageError, with a place unless the file can't be read at all. */
export async function readYaml(file: string): Promise<Document> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError([explainRead(file, error as NodeJS.ErrnoException)])
  })
  return parseYaml(decode(bytes, file), file)
}

/** Parses one YAML document. Throws UsageError with a place for each mistake. */
export function parseYaml(text: string, file: string): Document {
  const lines = lineStarts(text)
  const placeAt = (offset: number): Place => at(file, lines, offset)
  const fail = (faults: Fault[]): UsageError =>
    new UsageError(
      faults.map(({ offset, message, hint }) => ({
        severity: 'error',
        place: placeAt(offset),
        message,
        hint,
      })),
    )
  const events = guard(
    () => parseEvents(text, { filename: file }),
    (error) => fail([explain(error, text)]),
  )
  const { offsets, repeats } = locate(events, text)
  if (repeats.length > 0) throw fail(repeats.map((repeat) => duplicate(repeat, placeAt)))
  const value = guard(
    () => construct(events, text, file),
    (error) => fail([explain(error, text)]),
  )
  const find = (pointer: string): Place => placeAt(nearestOffset(offsets, pointer))
  const keyPlaceOf = (pointer: string): Place => {
    const offset = offsets.get(`${pointer}#key`)
    return offset === undefined ? find(pointer) : placeAt(offset)
  }
  try {
    return { file, value: toJson(value), placeOf: find, keyPlaceOf }
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    throw fail([{ offset: nearestOffset(offsets, error.pointer), message: error.message, hint: error.hint }])
  }
}

/** Parses YAML that is data rather than a file of ours: no places. Throws YAMLException's reason as an Error. */
export function parseYamlText(text: string): Json {
  const document = constructFromEvents(parseEvents(text, {}), {
    source: text,
    schema: SCHEMA,
    maxAliases: MAX_ALIASES,
  })
  return toJson(document[0] ?? null)
}

export function formatYaml(value: Json): string {
  return dump(value, { lineWidth: -1, noRefs: true } as Parameters<typeof dump>[1])
}

function decode(bytes: Buffer, file: string): string {
  const place: Place = { file, line: 1, column: 1 }
  const wrong = (message: string): UsageError =>
    new UsageError([{ severity: 'error', place, message, hint: 'save it as UTF-8' } satisfies Diagnostic])
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw wrong('the file is encoded as UTF-16')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw wrong('the file is not UTF-8 text')
  }
}

function guard<T>(work: () => T, wrap: (error: YAMLException) => Error): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof YAMLException ? wrap(error) : error
  }
}

function construct(events: Event[], source: string, filename: string): unknown {
  const documents = constructFromEvents(events, {
    source,
    filename,
    schema: SCHEMA,
    maxAliases: MAX_ALIASES,
  })
  if (documents.length > 1) throw new YAMLException('more than one document')
  if (documents.length === 0) throw new YAMLException('the input is empty')
  return documents[0]
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', next + 1)) starts.push(next + 1)
  return starts
}

function at(file: string, starts: number[], offset: number): Place {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}

function nearestOffset(offsets: Map<string, number>, pointer: string): number {
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const offset = offsets.get(path)
    if (offset !== undefined) return offset
    if (path === '') return 0
  }
}

interface Repeat {
  key: string
  first: number
  again: number
}

type Frame =
  | { in: 'document' }
  | { in: 'key' }
  | { in: 'sequence'; path: string; next: number }
  | { in: 'mapping'; path: string; key: string | undefined }

/** Offsets of every value by JSON pointer, and of keys by pointer + '#key'. */
function locate(events: Event[], text: string): { offsets: Map<string, number>; repeats: Repeat[] } {
  const offsets = new Map<string, number>()
  const repeats: Repeat[] = []
  const frames: Frame[] = []
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      frames.pop()
      continue
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      frames.push({ in: 'document' })
      continue
    }
    const frame = frames.at(-1)
    const offset = start(event)
    const collection = event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING
    if (frame === undefined || frame.in === 'key') {
      if (collection) frames.push({ in: 'key' })
      continue
    }
    if (frame.in === 'mapping' && frame.key === undefined) {
      const name = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '?'
      frame.key = `${frame.path}/${pointerKey(name)}`
      const first = offsets.get(`${frame.key}#key`)
      if (first !== undefined) repeats.push({ key: name, first, again: offset })
      else offsets.set(`${frame.key}#key`, offset)
      if (collection) frames.push({ in: 'key' })
      continue
    }
    const path = childPath(frame)
    offsets.set(path, offset)
    if (event.type === EVENT_ID.SEQUENCE) frames.push({ in: 'sequence', path, next: 0 })
    if (event.type === EVENT_ID.MAPPING) frames.push({ in: 'mapping', path, key: undefined })
  }
  return { offsets, repeats }
}

function start(event: Exclude<Event, { type: 1 | 6 }>): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : event.start
}

function childPath(frame: Exclude<Frame, { in: 'key' }>): string {
  if (frame.in === 'document') return ''
  if (frame.in === 'sequence') return `${frame.path}/${frame.next++}`
  const path = frame.key ?? frame.path
  frame.key = undefined
  return path
}

function duplicate(repeat: Repeat, placeAt: (offset: number) => Place): Fault {
  const line = placeAt(repeat.first).line
  return {
    offset: repeat.again,
    message: `the key '${repeat.key}' is given twice`,
    hint: `it was given before on line ${line}: keep one`,
  }
}

class NotJson extends Error {
  readonly pointer: string
  readonly hint: string
  constructor(message: string, pointer: string, hint: string) {
    super(message)
    this.pointer = pointer
    this.hint = hint
  }
}

/** Copies to plain JSON; aliases become copies, so that a file can't describe a cycle or grow without bound. */
function toJson(value: unknown): Json {
  let nodes = 0
  const open = new Set<unknown>()
  const copy = (node: unknown, pointer: string): Json => {
    if (++nodes > MAX_NODES)
      throw new NotJson('the aliases of this file expand to too much data', pointer, 'use fewer aliases')
    if (node === null || typeof node === 'string' || typeof node === 'boolean') return node
    if (typeof node === 'number' && Number.isFinite(node)) return node
    if (typeof node !== 'object')
      throw new NotJson(
        `${String(node)} can't be used as a value`,
        pointer,
        'quote it if it is meant as text',
      )
    if (open.has(node))
      throw new NotJson('an alias refers to the value it is part of', pointer, 'write it out')
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
