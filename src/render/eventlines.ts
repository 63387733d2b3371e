import { printedJson } from '../base/printed-json.ts'
import type { RunEvent } from '../core/event.ts'

/** Of events that are written in more than one place. */
const written = new WeakMap<RunEvent, string>()

/**
 * Events on their way to a file or pipe, each a line. Many come in one turn of the loop; a write for each would cost
 * more than all the rest of a settled run.
 */
export class EventLines {
  readonly #events: RunEvent[] = []
  readonly #flush: () => void

  /** `flush` is to take them when the turn is over. */
  constructor(flush: () => void) {
    this.#flush = flush
  }

  add(event: RunEvent): void {
    if (this.#events.push(event) === 1) setImmediate(this.#flush)
  }

  take(): string {
    return this.#events.splice(0).map(lineOf).join('')
  }
}

function lineOf(event: RunEvent): string {
  const line = written.get(event) ?? `${printedJson(event)}\n`
  written.set(event, line)
  return line
}
