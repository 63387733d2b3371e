import type { RunEvent } from '../core/event.ts'
import { LOADED } from '../load/compile.ts'
import { coloursFor } from '../render/colour.ts'
import { HostTimes, profileText } from '../render/profile.ts'

export interface Profiler {
  /** `ms`: what telling of the event took. */
  event(event: RunEvent, ms: number): void
  /** Says where the time went. */
  tell(): void
}

/** Times are in milliseconds since the program has started; `sound` is when the playbook was found to be. */
export function createProfiler(sound: number, json: boolean): Profiler {
  const times = new HostTimes()
  const begin = performance.now()
  let render = 0
  return {
    event(event, ms) {
      render += ms
      times.event(event)
    },
    tell() {
      const load = performance.getEntriesByName(LOADED)[0]!.startTime
      const { user, system } = process.cpuUsage()
      const took = { load, validate: sound - load, run: performance.now() - begin, render }
      const profile = { hosts: times.hosts(), ...took, cpu: (user + system) / 1000 }
      // Standard output holds nothing but events then.
      if (json) process.stderr.write(`${JSON.stringify({ profile })}\n`)
      else process.stdout.write(profileText(profile, coloursFor(process.stdout)))
    },
  }
}
