import { readFile } from 'node:fs/promises'
import {
  CORE_SCHEMA,
  constructFromEvents,
  dump,
  type Event,
  mergeTag,
  parseEvents,
  YAMLException,
} from 'js-yaml'
import { UsageError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Diagnostic, Place } from '../../core/place.ts'
import { lineStarts, placeAtOffset } from './lines.ts'
import { NotJson, toJson } from './plaindata.ts'
import { declareSecret } from '../secret/secret.ts'
import { isEncrypted } from '../secret/secretarmor.ts'
import { SecretError } from '../secret/secreterror.ts'
import { openYaml, rememberValues } from '../secret/secretfile.ts'
import { PlainSecret, readSecret } from '../secret/secretforms.ts'
import { locate, nearestOffset, type Repeat } from './yamloffsets.ts'
import { explain, explainRead, type Fault } from './yamlfaults.ts'
import { lossyNumbers, WHOLE_NUMBERS } from './yamlnumbers.ts'
import { SECRET_TAGS, TaggedSecret } from './yamlsecret.ts'

/** A YAML file as data that knows where each of its values was written. */
export interface Document {
  file: string
  value: Json
  /** Place of the value at a JSON pointer, or of its nearest ancestor that has one. */
  placeOf: (pointer: string) => Place
  /** Place of the key at a JSON pointer. */
  keyPlaceOf: (pointer: string) => Place
}

const DATA_SCHEMA = CORE_SCHEMA.withTags(mergeTag)
const SCHEMA = DATA_SCHEMA.withTags([WHOLE_NUMBERS, ...SECRET_TAGS])
const MAX_ALIASES = 100

/**
 * Reads and parses a file, also one that is encrypted as a whole. Throws UsageError, with a place unless the file
 * can't be read; `missing` is then the hint.
 */
export async function readYaml(file: string, missing?: string): Promise<Document> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError([explainRead(file, error as NodeJS.ErrnoException, missing)])
  })
  if (isEncrypted(bytes)) {
    const document = await openYaml(bytes, file, (text) => parseYaml(decode(text, file), file))
    rememberValues(document.value)
    return document
  }
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
  const faults = [...repeats.map((repeat) => duplicate(repeat, placeAt)), ...lossyNumbers(events, text)]
  if (faults.length > 0) throw fail(faults)
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
    return { file, value: plainData(value, file, find), placeOf: find, keyPlaceOf }
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    throw fail([{ offset: nearestOffset(offsets, error.pointer), message: error.message, hint: error.hint }])
  }
}

/** Secrets become placeholders. Throws UsageError with every secret that is written wrongly. */
function plainData(value: unknown, file: string, placeOf: (pointer: string) => Place): Json {
  const wrong: Diagnostic[] = []
  const result = toJson(value, (node, pointer) => {
    if (!(node instanceof TaggedSecret)) return undefined
    const place = placeOf(pointer)
    try {
      return declareSecret(readSecret(node.content, file), place)
    } catch (error) {
      if (!(error instanceof SecretError)) throw error
      const secret = error instanceof PlainSecret ? true : undefined
      wrong.push({ severity: 'error', place, message: error.message, hint: error.hint, secret })
      return null
    }
  })
  if (wrong.length > 0) throw new UsageError(wrong)
  return result
}

/** Parses YAML that is data rather than a file of ours: no places. Throws YAMLException's reason as an Error. */
export function parseYamlText(text: string): Json {
  const document = constructFromEvents(parseEvents(text, {}), {
    source: text,
    schema: DATA_SCHEMA,
    maxAliases: MAX_ALIASES,
  })
  return toJson(document[0] ?? null)
}

export function formatYaml(value: Json): string {
  return dump(value, { lineWidth: -1, noRefs: true } as Parameters<typeof dump>[1])
}

/** Text of a file. Throws UsageError unless it is UTF-8. */
export function decode(bytes: Buffer, file: string): string {
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

function duplicate(repeat: Repeat, placeAt: (offset: number) => Place): Fault {
  const line = placeAt(repeat.first).line
  return {
    offset: repeat.again,
    message: `the key '${repeat.key}' is given twice`,
    hint: `it was given before on line ${line}: keep one`,
  }
}
