import { isPlaceholder } from '../../base/redact.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { evaluate, type Names } from './evaluate.ts'
import { LATE } from '../../core/late.ts'
import { secretText } from '../secret/secret.ts'
import { hasTemplate, parseTemplate } from './template.ts'
import { TemplateError } from './templateerror.ts'
import { isMapping } from './values.ts'
import { pointerKey } from '../yaml/plaindata.ts'

/** What `omit` evaluates to: the argument or item that has this value is left out. */
export const OMIT = '\u0000omit\u0000'

export type Report = (pointer: string, error: TemplateError) => void

/**
 * Evaluates the templates in a value that was written in a file, once: what they give is data and not looked into.
 * A mistake goes to `report` and counts as not known yet, so that the rest is still looked at.
 */
export function render(value: Json, names: Names, report: Report, pointer = ''): Json {
  if (typeof value === 'string') {
    if (isPlaceholder(value)) return secretText(value)
    return hasTemplate(value) ? attempt(value, names, report, pointer) : value
  }
  if (Array.isArray(value))
    return value
      .map((item, index) => render(item, names, report, `${pointer}/${index}`))
      .filter((item) => item !== OMIT)
  return isMapping(value) ? renderMapping(value, names, report, pointer) : value
}

function renderMapping(value: JsonObject, names: Names, report: Report, pointer: string): JsonObject {
  const result: JsonObject = {}
  for (const [key, item] of Object.entries(value)) {
    const rendered = render(item, names, report, `${pointer}/${pointerKey(key)}`)
    if (rendered !== OMIT) result[key] = rendered
  }
  return result
}

function attempt(text: string, names: Names, report: Report, pointer: string): Json {
  try {
    return evaluate(parseTemplate(text), names)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    for (const one of [error, ...error.others]) report(pointer, one)
    return LATE
  }
}
