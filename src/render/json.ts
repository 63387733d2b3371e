import { printedJson } from '../base/printed-json.ts'
import type { Renderer } from './renderer.ts'

/** One event per line, as described by docs/events.schema.json. */
export function createJson(write: (text: string) => void): Renderer {
  return { event: (event) => write(`${printedJson(event)}\n`), close() {} }
}
