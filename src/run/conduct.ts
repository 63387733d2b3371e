import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import type { RunEvent } from '../core/event.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import type { Program } from '../load/program.ts'
import type { RunContext, RunOptions } from './context.ts'
import { type HostState, openHost, runHost } from './host.ts'
import { Session } from './session.ts'
import { EventStream } from './stream.ts'
import { Values } from './values.ts'

/** Runs a program on its hosts; yields everything that happens, ending with `run-end` and its exit code. */
export async function* runProgram(program: Program, options: RunOptions): AsyncGenerator<RunEvent> {
  const stream = new EventStream(options.redactor)
  const ending = conduct(program, options, stream).finally(() => stream.end())
  yield* stream
  await ending
}

async function conduct(program: Program, options: RunOptions, stream: EventStream): Promise<void> {
  const start = Date.now()
  const id = randomBytes(4).toString('hex')
  const { emit } = stream
  const { sessions, run } = prepare(program, options, stream)
  const plays = program.plays.map(({ name, hosts, steps }) => ({ name, hosts, steps: steps.length }))
  emit({
    type: 'run-start',
    run: id,
    mode: options.mode,
    playbook: program.playbook,
    plays,
    lab: options.lab,
  })
  for (const message of options.notices ?? []) emit({ type: 'notice', message })
  const states = new Map<string, HostState>()
  try {
    await runPlays(run, states)
  } finally {
    await Promise.all([...sessions.values()].map((session) => session.disconnect()))
  }
  const roundTrips = Object.fromEntries([...sessions].map(([host, session]) => [host, session.roundTrips]))
  emit({
    type: 'run-end',
    run: id,
    exitCode: exitCode(run, [...states.values()]),
    ms: Date.now() - start,
    roundTrips,
  })
}

function prepare(program: Program, options: RunOptions, { emit }: EventStream) {
  const sessions = new Map<string, Session>()
  const session = (name: string): Session => {
    const known = sessions.get(name)
    if (known !== undefined) return known
    const targeted = program.plays.some(({ hosts }) => hosts.includes(name))
    const opened = new Session(program.inventory.hosts.get(name)!, {
      connector: options.connector,
      // A host that is only read from is no host of this run.
      emit: targeted ? emit : () => undefined,
      signal: options.signal,
      onSecret: (secret) => options.redactor.add(secret),
      lockAs: options.mode === 'apply' && targeted ? options.owner : undefined,
      root: program.plays.some(
        (play) => play.everyHost.includes(name) && play.steps.some(({ become }) => become),
      ),
    })
    sessions.set(name, opened)
    return opened
  }
  const run: RunContext = { ...options, program, emit, values: new Values(), session, changes: 0 }
  return { sessions, run }
}

/** Plays one after the other; within a play no host waits for another. A host that failed is left out of later plays. */
async function runPlays(run: RunContext, states: Map<string, HostState>): Promise<void> {
  const limit = pLimit(run.forks)
  const hosts = [...new Set(run.program.plays.flatMap((play) => play.hosts))]
  const openings = new Map<string, Promise<void>>()
  const open = (host: string): Promise<void> => {
    const opening = openings.get(host) ?? openHost(run.session(host), run)
    openings.set(host, opening)
    opening.catch(() => undefined)
    return opening
  }
  for (const play of run.program.plays) {
    const alive = play.hosts.filter((host) => (states.get(host) ?? 'done') === 'done')
    if (alive.length === 0) continue
    const changes = run.changes
    run.emit({ type: 'play-start', play: play.index, name: play.name, hosts: alive })
    const playing = alive.map((host) =>
      limit(async () => states.set(host, await runHost(run.session(host), play, run, open(host)))),
    )
    // Hosts of later plays connect in the meantime, so that their plays find the facts already there.
    for (const host of hosts) void limit(() => open(host).catch(() => undefined))
    await Promise.all(playing)
    run.emit({ type: 'play-end', play: play.index })
    if (run.signal.aborted) return
    // What another host changed may be seen on this one.
    if (run.mode === 'apply' && run.changes !== changes) for (const host of hosts) run.session(host).forget()
  }
}

function exitCode(run: RunContext, states: HostState[]): number {
  if (run.signal.aborted) return EXIT_CODES.interrupted
  if (states.includes('failed')) return EXIT_CODES.failed
  if (states.includes('unreachable')) return EXIT_CODES.unreachable
  return run.mode === 'check' && run.changes > 0 ? EXIT_CODES.pending : EXIT_CODES.ok
}
