import { EventLines } from './eventlines.ts'
import type { Renderer } from './renderer.ts'

/** One event per line, as described by docs/events.schema.json. */
export function createJson(write: (text: string) => void): Renderer {
  const flush = (): void => {
    const text = lines.take()
    if (text !== '') write(text)
  }
  const lines = new EventLines(flush)
  return { event: (event) => lines.add(event), close: flush }
}
