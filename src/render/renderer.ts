import type { RunEvent } from '../core/event.ts'
import type { Colours } from './colour.ts'

/** Folds the events of a run into something to see. `close` may be called at any time, and twice. */
export interface Renderer {
  event(event: RunEvent): void
  close(): Promise<void> | void
}

/** How events are told. */
export interface Look {
  colours: Colours
  /** Also steps that were ok or skipped, and what commands print. */
  verbose?: boolean
  /** Show diffs below changes. */
  diff?: boolean
}

/** Time as renderers see it, in milliseconds. */
export interface Clock {
  now(): number
  /** Calls until the returned function is called; never keeps the process alive. */
  every(ms: number, call: () => void): () => void
}

export const systemClock: Clock = {
  now: Date.now,
  every(ms, call) {
    const timer = setInterval(call, ms).unref()
    return () => clearInterval(timer)
  },
}
