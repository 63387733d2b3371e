import { UsageError } from '../../core/errors.ts'
import { lineStarts, placeAtOffset } from './lines.ts'
import { type Document, parseYaml } from './yaml.ts'

/** Parses strict JSON with places. Throws UsageError with the place of the first mistake. */
export function parseJson(text: string, file: string): Document {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const offset = faultOffset(text)
    const place = placeAtOffset(file, lineStarts(text), offset)
    const missing = text.trim() === ''
    const rest = text.slice(offset).split('\n', 1)[0]?.slice(0, 40) ?? ''
    const found = missing
      ? 'it printed nothing'
      : rest === ''
        ? 'it ends too early'
        : `here begins what is none: ${rest}`
    const hint = 'it must print one JSON object to its standard output, and nothing else'
    throw new UsageError([{ severity: 'error', place, message: `this is no JSON: ${found}`, hint }])
  }
  try {
    return parseYaml(text, file)
  } catch (error) {
    // Tabs and the like, which JSON allows and YAML does not.
    if (/\t/.test(text)) return parseYaml(JSON.stringify(value, null, 2), file)
    throw error
  }
}

/** JSON.parse tells the position only sometimes: it is where the longest beginning that may still go on ends. */
function faultOffset(text: string): number {
  let good = 0
  let bad = text.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (mayGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function mayGoOn(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as Error
    return /end of JSON input/.test(message) || Number(/position (\d+)/.exec(message)?.[1]) === text.length
  }
}
