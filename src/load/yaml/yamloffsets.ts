import { EVENT_ID, type Event, getScalarValue } from 'js-yaml'
import { pointerKey } from './plaindata.ts'

/** A key given twice in a mapping; offsets of both. */
export interface Repeat {
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
export function locate(events: Event[], text: string): { offsets: Map<string, number>; repeats: Repeat[] } {
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
    // A value that is left out stands nowhere; its key does.
    const written = offset >= 0 ? offset : offsets.get(`${path}#key`)
    if (written !== undefined) offsets.set(path, written)
    if (event.type === EVENT_ID.SEQUENCE) frames.push({ in: 'sequence', path, next: 0 })
    if (event.type === EVENT_ID.MAPPING) frames.push({ in: 'mapping', path, key: undefined })
  }
  return { offsets, repeats }
}

function start(event: Exclude<Event, { type: 1 | 6 }>): number {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart
  // A tagged value begins with its tag; a block's text would be on the next line.
  if (event.tagStart >= 0) return event.tagStart
  return event.type === EVENT_ID.SCALAR ? event.valueStart : event.start
}

function childPath(frame: Exclude<Frame, { in: 'key' }>): string {
  if (frame.in === 'document') return ''
  if (frame.in === 'sequence') return `${frame.path}/${frame.next++}`
  const path = frame.key ?? frame.path
  frame.key = undefined
  return path
}

/** Of the value at a pointer, or of its nearest ancestor that has one. */
export function nearestOffset(offsets: Map<string, number>, pointer: string): number {
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const offset = offsets.get(path)
    if (offset !== undefined) return offset
    if (path === '') return 0
  }
}
