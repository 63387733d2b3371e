import type { RunEvent } from '../core/event.ts'
import type { Redactor } from '../base/redact.ts'

type WithoutTime<E> = E extends { at: number } ? Omit<E, 'at'> : never

/** Says that something happened; the stream adds the time and masks secrets. */
export type Emit = (event: WithoutTime<RunEvent>) => void

const WORDS = new Set(
  'type run mode host hosts status certainty state stream kind task lab play roundTrips'.split(' '),
)

/** Of what an event holds, our own words and the names of hosts are no secrets, whatever a secret may be. */
function isWord(path: string[]): boolean {
  return !path.includes('result') && WORDS.has(path.at(-1) as string)
}

/** The one ordered stream of a run: many write, one reads. */
export class EventStream {
  #queue: RunEvent[] = []
  #wake: (() => void) | undefined
  #ended = false
  readonly #redactor: Redactor

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  emit: Emit = (event) => {
    this.#queue.push({
      at: Date.now(),
      ...(this.#redactor.maskAll(event, isWord) as typeof event),
    } as RunEvent)
    this.#wake?.()
  }

  /** Does the work; yields what it tells, and ends as it ends. */
  async *during(work: () => Promise<void>): AsyncGenerator<RunEvent> {
    const ending = work().finally(() => this.#end())
    for (;;) {
      const events = this.#queue
      this.#queue = []
      // Not yield*: each event would take several turns more.
      for (const event of events) yield event
      if (events.length > 0) continue
      // Nothing may be awaited between the look at the queue and this: the last events would be lost.
      if (this.#ended) return await ending
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }

  #end(): void {
    this.#ended = true
    this.#wake?.()
  }
}
