import { UsageError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import { explainName } from './names.ts'
import { describe, isMapping } from './values.ts'
import { type Document, parseYaml, readYaml } from './yaml.ts'

/**
 * Variables from the command line: `name=value` (the value stays text), `{...}` (YAML or JSON) or `@file`; later ones
 * win. Throws UsageError.
 */
export async function parseExtraVars(list: string[]): Promise<JsonObject> {
  const result: JsonObject = {}
  const problems: Diagnostic[] = []
  for (const text of list) {
    try {
      Object.assign(result, await parseOne(text))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(...error.diagnostics)
    }
  }
  if (problems.length > 0) throw new UsageError(problems)
  return result
}

async function parseOne(text: string): Promise<JsonObject> {
  if (text.startsWith('@')) return fromDocument(await readYaml(text.slice(1)))
  if (text.startsWith('{')) return fromDocument(parseYaml(text, '-e'))
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new UsageError(`-e '${text}' is no variable`, 'write -e name=value or -e @file.yaml')
  checkName(name)
  return { [name]: value }
}

function fromDocument(document: Document): JsonObject {
  const { value } = document
  if (!isMapping(value)) {
    const message = `variables must be a mapping, not ${describe(value)}`
    throw new UsageError([
      { severity: 'error', place: document.placeOf(''), message, hint: "write 'name: value' lines" },
    ])
  }
  for (const name of Object.keys(value)) checkName(name)
  return value
}

function checkName(name: string): void {
  const wrong = explainName(name)
  if (wrong !== undefined) throw new UsageError(wrong.message, wrong.hint)
}
