import { setTimeout } from 'node:timers/promises'
import { Interrupted } from '../core/errors.ts'

/** Waits that many milliseconds; rejects with Interrupted at once when the run is interrupted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal })
  } catch {
    throw new Interrupted()
  }
}

/** The same promise, given up with Interrupted as soon as the run is interrupted; what it did goes on unseen. */
export function orInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Interrupted())
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
