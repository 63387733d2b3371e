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
