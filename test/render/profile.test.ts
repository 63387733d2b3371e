import assert from 'node:assert/strict'
import type { RunEvent } from '../../src/core/event.ts'
import { noColours } from '../../src/render/colour.ts'
import { HostTimes, type Profile, profileText } from '../../src/render/profile.ts'

const step = (number: number) => ({ play: 0, number, name: `step ${number}`, task: 'file' })
const certainty = 'observed' as const

/** Of two hosts; the second is taken on late, changes, and waits for its change to show. */
const EVENTS: RunEvent[] = [
  { at: 1000, type: 'run-start', run: 'r', mode: 'apply', playbook: 'p.yaml', plays: [] },
  { at: 1000, type: 'play-start', play: 0, name: 'all', hosts: ['one', 'two'] },
  { at: 1010, type: 'host-connecting', host: 'one', attempt: 1 },
  { at: 1110, type: 'host-connected', host: 'one', ms: 100 },
  { at: 1160, type: 'step-start', host: 'one', step: step(1) },
  { at: 1161, type: 'step-end', host: 'one', step: step(1), status: 'ok', certainty, changes: [], ms: 1 },
  { at: 1161, type: 'host-end', host: 'one', play: 0, state: 'done' },
  { at: 1200, type: 'host-connecting', host: 'two', attempt: 1 },
  {
    at: 1300,
    type: 'host-retry',
    host: 'two',
    attempt: 1,
    failure: { kind: 'connect', message: 'no' },
    waitMs: 50,
  },
  { at: 1350, type: 'host-connecting', host: 'two', attempt: 2 },
  { at: 1400, type: 'host-connected', host: 'two', ms: 50 },
  { at: 1420, type: 'step-start', host: 'two', step: step(1) },
  { at: 1520, type: 'step-progress', host: 'two', step: step(1), message: 'waiting for the port' },
  {
    at: 1820,
    type: 'step-end',
    host: 'two',
    step: step(1),
    status: 'changed',
    certainty,
    changes: [{ summary: 'start it' }],
    ms: 400,
  },
  { at: 1820, type: 'host-end', host: 'two', play: 0, state: 'done' },
  { at: 1830, type: 'play-end', play: 0 },
  { at: 1830, type: 'run-end', run: 'r', exitCode: 0, ms: 830, roundTrips: {} },
]

const times = (events: RunEvent[]): HostTimes => {
  const times = new HostTimes()
  for (const event of events) times.event(event)
  return times
}

describe('profile of a run', () => {
  it('parts the time of each host into connecting, looking, changing and waiting', () => {
    assert.deepEqual(times(EVENTS).hosts(), [
      { host: 'one', connect: 100, probe: 51, change: 0, wait: 10 },
      { host: 'two', connect: 200, probe: 20, change: 100, wait: 200 + 300 },
    ])
  })

  it('counts a look that other plays hid as waiting', () => {
    const next: RunEvent = { at: 1500, type: 'play-start', play: 1, name: 'more', hosts: ['one'] }
    const start: RunEvent = { at: 1503, type: 'step-start', host: 'one', step: { ...step(1), play: 1 } }
    const [one] = times([...EVENTS.slice(0, 4), next, start]).hosts()
    assert.deepEqual(one, { host: 'one', connect: 100, probe: 3, change: 0, wait: 400 })
  })

  it('ends with hosts that could not be reached', () => {
    const failure = { kind: 'connect' as const, message: 'no' }
    const lost: RunEvent = { at: 1310, type: 'host-unreachable', host: 'one', failure }
    assert.deepEqual(times([...EVENTS.slice(0, 3), lost]).hosts()[0]?.connect, 300)
  })

  it('is a table, the slowest host first, in seconds', () => {
    const own = { load: 90, validate: 31, run: 830, render: 4, cpu: 240 }
    const profile: Profile = { hosts: times(EVENTS).hosts(), ...own }
    assert.equal(
      profileText(profile, noColours),
      `
Where the time went
seconds  connect    probe   change     wait    total
two         0.20     0.02     0.10     0.50     0.82
one         0.10     0.05        -     0.01     0.16
in all: load 0.09, validate 0.03, run 0.83, render 0.00; computing here 0.24 (0.12 a host)
`,
    )
  })
})
