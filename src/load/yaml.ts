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
import type { Json } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import { lineStarts, placeAtOffset } from './lines.ts'
import { NotJson, pointerKey, toJson } from './plaindata.ts'
import { explain, explainRead, type Fault } from './yamlfaults.ts'

/** A YAML file as data that knows where each of its values was written. */
export interface Document {
  file: string
  value: Json
  /** Place of the value at a JSON pointer, or of its nearest ancestor that has one. */
  placeOf: (pointer: string) => Place
  /** Place of the key at a JSON pointer. */
  keyPlaceOf: (pointer: string) => Place
}

const SCHEMA = CORE_SCHEMA.withTags(mergeTag)
const MAX_ALIASES = 100

/** Reads and parses a file. Throws UsageError, with a place unless the file can't be read; `missing` is then the hint. */
export async function readYaml(file: string, missing?: string): Promise<Document> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError([explainRead(file, error as NodeJS.ErrnoException, missing)])
  })
  return parseYaml(decode(bytes, file), file)
}

/** Parses one YAML document. Throws UsageError with a place for each mistake. */
export function parseYaml(text: string, file: string): Document {
  const lines = lineStarts(text)
  const placeAt = (offset: number): Place => placeAtOffset(file, lines, offset)
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
