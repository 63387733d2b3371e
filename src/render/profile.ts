import type { RunEvent } from '../core/event.ts'
import type { Colours } from './colour.ts'
import { padEnd, padStart, printable } from './text.ts'

/** Where the time of one host went, in milliseconds; together they are the time until its last play ended. */
export interface HostProfile {
  host: string
  /** Until it was logged in to, with all attempts and the pauses between them. */
  connect: number
  /** Looking, and finding that nothing is to be done. */
  probe: number
  change: number
  /** For other hosts, for what a change has set off, or for its turn. */
  wait: number
}

/** Where the time of a run went, in milliseconds. */
export interface Profile {
  hosts: HostProfile[]
  /** From the start of the program until the playbook was read, and until it was found to be sound. */
  load: number
  validate: number
  /** From the first connection to the last event. */
  run: number
  /** Telling of events, and keeping them. */
  render: number
  /** Computing time of this machine, in the whole program. */
  cpu: number
}

interface Trail extends HostProfile {
  from: number
  to: number
  connecting: number
  /** Since when it is looked at: it is logged in to and its play has begun. */
  looking: number
  /** Since when a step says that it waits. */
  waiting: number
}

const BLANK = { connect: 0, probe: 0, change: 0, wait: 0, connecting: 0, looking: 0, waiting: 0 }

/** Folds the events of a run into what each host spent its time on. */
export class HostTimes {
  readonly #trails = new Map<string, Trail>()
  #start = 0

  event(event: RunEvent): void {
    if (event.type === 'run-start') this.#start = event.at
    if (event.type === 'play-start') for (const host of event.hosts) enterPlay(this.#of(host), event.at)
    if (!('host' in event)) return
    const trail = this.#of(event.host)
    trail.to = event.at
    follow(trail, event)
  }

  hosts(): HostProfile[] {
    return [...this.#trails.values()].map(({ host, connect, probe, change, from, to }) => {
      const wait = Math.max(0, to - from - connect - probe - change)
      return { host, connect, probe, change, wait }
    })
  }

  #of(host: string): Trail {
    const trail = this.#trails.get(host) ?? {
      ...BLANK,
      host,
      from: this.#start,
      to: this.#start,
    }
    this.#trails.set(host, trail)
    return trail
  }
}

/** What was looked at while other plays ran kept nobody waiting. */
function enterPlay(trail: Trail, at: number): void {
  if (trail.looking > 0) trail.looking = at
}

function follow(trail: Trail, event: Extract<RunEvent, { host: string }>): void {
  switch (event.type) {
    case 'host-connecting':
      trail.connecting ||= event.at
      break
    case 'host-connected':
      trail.connect += event.at - trail.connecting
      Object.assign(trail, { connecting: 0, looking: event.at })
      break
    case 'step-start':
      endLook(trail, event.at)
      trail.waiting = 0
      break
    case 'step-progress':
      if (event.message.startsWith('waiting for')) trail.waiting ||= event.at
      break
    case 'step-end': {
      const waited = trail.waiting > 0 ? event.at - trail.waiting : 0
      const worked = Math.max(0, event.ms - waited)
      if (event.changes.length > 0 || event.status === 'failed') trail.change += worked
      else trail.probe += worked
      trail.waiting = 0
      break
    }
    case 'host-unreachable':
      if (trail.connecting > 0) trail.connect += event.at - trail.connecting
      trail.connecting = 0
      break
    case 'host-end':
      endLook(trail, event.at)
  }
}

function endLook(trail: Trail, at: number): void {
  if (trail.looking > 0) trail.probe += at - trail.looking
  trail.looking = 0
}

const COLUMNS = ['connect', 'probe', 'change', 'wait'] as const

/** A line per host, the slowest first, and what the program itself needed. All in seconds. */
export function profileText({ hosts, ...own }: Profile, colours: Colours): string {
  const sum = (one: HostProfile): number => COLUMNS.reduce((total, column) => total + one[column], 0)
  const rows = hosts
    .toSorted((a, b) => sum(b) - sum(a))
    .map((one) => [
      printable(one.host),
      ...COLUMNS.map((column) => (one[column] < 5 ? '-' : seconds(one[column]))),
      seconds(sum(one)),
    ])
  const head = ['seconds', ...COLUMNS, 'total']
  const first = Math.max(...[head, ...rows].map(([name]) => name!.length))
  const line = ([name, ...cells]: string[]): string =>
    [padEnd(name!, first), ...cells.map((cell) => padStart(cell, 8))].join(' ')
  const parts = ['load', 'validate', 'run', 'render'] as const
  const totals = parts.map((part) => `${part} ${seconds(own[part])}`)
  const each = hosts.length > 0 ? ` (${seconds(own.cpu / hosts.length)} a host)` : ''
  return `\n${[
    colours.bold('Where the time went'),
    colours.dim(line(head)),
    ...rows.map(line),
    `in all: ${totals.join(', ')}; computing here ${seconds(own.cpu)}${each}`,
  ].join('\n')}\n`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2)
}
