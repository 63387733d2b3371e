import { UsageError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import { explainName } from './names.ts'
import { pointerKey } from './yaml/plaindata.ts'
import { describe, isMapping } from './template/values.ts'
import { readDocument } from './typescript/document.ts'
import type { Document } from './yaml/yaml.ts'

/** Variables of one file, or of another text that holds nothing else. */
export interface VarsFile {
  file: string
  vars: JsonObject
  /** Place of a variable's value. */
  placeOf(name: string): Place
}

/**
 * Reads a file of variables, YAML, JSON or TypeScript; an empty one has none. Throws UsageError with every mistake in it: the whole
 * must be a mapping, its keys names that variables can have. `missing` is the hint when there is no such file.
 */
export async function readVarsFile(path: string, missing?: string): Promise<VarsFile> {
  try {
    return varsOf(await readDocument(path, missing))
  } catch (error) {
    const empty = error instanceof UsageError && error.message === 'the file is empty'
    if (empty) return { file: path, vars: {}, placeOf: () => ({ file: path, line: 1, column: 1 }) }
    throw error
  }
}

/** The variables of a document that is one mapping. Throws UsageError. */
export function varsOf(document: Document): VarsFile {
  const { file, value } = document
  if (value === null) return { file, vars: {}, placeOf: document.placeOf }
  if (!isMapping(value)) {
    const vault = typeof value === 'string' && value.startsWith('$ANSIBLE_VAULT')
    const message = vault
      ? "the file is encrypted with ansible-vault, which can't be read here"
      : `variables must be a mapping, not ${describe(value)}`
    const hint = vault
      ? "decrypt it with 'ansible-vault decrypt', then protect its values as docs/secrets.md tells"
      : "write 'name: value' lines"
    throw new UsageError([{ severity: 'error', place: document.placeOf(''), message, hint }])
  }
  const pointer = (name: string): string => `/${pointerKey(name)}`
  const problems: Diagnostic[] = Object.keys(value).flatMap((name) => {
    const wrong = explainName(name)
    return wrong ? [{ severity: 'error' as const, place: document.keyPlaceOf(pointer(name)), ...wrong }] : []
  })
  if (problems.length > 0) throw new UsageError(problems)
  return { file, vars: value, placeOf: (name) => document.placeOf(pointer(name)) }
}
