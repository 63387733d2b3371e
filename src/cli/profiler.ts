import type { RunEvent } from '../core/event.ts'
import { coloursFor } from '../render/colour.ts'
import { HostTimes, profileText } from '../render/profile.ts'

export interface Profiler {
  event(event: RunEvent, tell: () => void): void
  /** Says where the time went. */
  tell(): void
}

/** Seconds from the start of the program until the playbook was read, and until it was found to be sound. */
export interface Loading {
  read: number
  sound: number
}

export function createProfiler({ read, sound }: Loading, json: boolean): Profiler {
  const times = new HostTimes()
  const begin = performance.now()
  let render = 0
  return {
    event(event, tell) {
      const before = performance.now()
      tell()
      render += performance.now() - before
      times.event(event)
    },
    tell() {
      const { user, system } = process.cpuUsage()
      const took = {
        load: read * 1000,
        validate: (sound - read) * 1000,
        run: performance.now() - begin,
        render,
      }
      const profile = { hosts: times.hosts(), ...took, cpu: (user + system) / 1000 }
      // Standard output holds nothing but events then.
      if (json) process.stderr.write(`${JSON.stringify({ profile })}\n`)
      else process.stdout.write(profileText(profile, coloursFor(process.stdout)))
    },
  }
}
