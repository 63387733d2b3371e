import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import { Interrupted } from '../core/errors.ts'
import type { HostEnd, RunEvent } from '../core/event.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import type { Block, Play, Program } from '../load/program.ts'
import { batchesOf, type Course, runBatch } from './batch.ts'
import type { RunContext, RunOptions } from './context.ts'
import { openHost } from './host.ts'
import type { Session } from './session.ts'
import { openSession } from './sessions.ts'
import { whyStop } from './stop.ts'
import { EventStream } from './stream.ts'
import { Values } from './values.ts'
import { Waits } from './waits.ts'

/** Runs a program on its hosts; yields everything that happens, ending with `run-end` and its exit code. */
export function runProgram(program: Program, options: RunOptions): AsyncGenerator<RunEvent> {
  const stream = new EventStream(options.redactor)
  return stream.during(() => conduct(program, options, stream))
}

async function conduct(program: Program, options: RunOptions, stream: EventStream): Promise<void> {
  const start = Date.now()
  const id = randomBytes(4).toString('hex')
  const { emit } = stream
  const limit = pLimit(options.forks)
  const { sessions, run } = prepare(program, options, stream, limit)
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
  const states = new Map<string, HostEnd>()
  try {
    await runPlays(courseOf(run, states, limit))
  } finally {
    // A run that stopped has hosts that were still to be connected to.
    limit.clearQueue()
    await Promise.all([...sessions.values()].map((session) => session.close()))
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

type Limit = ReturnType<typeof pLimit>

function prepare(program: Program, options: RunOptions, { emit }: EventStream, limit: Limit) {
  const sessions = new Map<string, Session>()
  const common = { emit, holders: new Map<string, Session>() }
  const session = (name: string): Session => {
    const known = sessions.get(name) ?? openSession(name, program, options, common)
    sessions.set(name, known)
    return known
  }
  // A host that waits for another one leaves its place to it.
  const waits = new Waits((delta) => (limit.concurrency += delta))
  options.signal.addEventListener('abort', () => waits.stop(() => new Interrupted()), { once: true })
  const shared = { ended: new Set<string>(), gated: new Set<string>(), unfinished: new Set<Block>() }
  const run: RunContext = {
    ...options,
    ...shared,
    program,
    emit,
    values: new Values(),
    session,
    waits,
    changes: 0,
    changedBefore: false,
  }
  return { sessions, run }
}

function courseOf(run: RunContext, states: Map<string, HostEnd>, limit: Limit): Course {
  const openings = new Map<string, Promise<void>>()
  const open = (host: string): Promise<void> => {
    const opening = openings.get(host) ?? openHost(run.session(host), run)
    openings.set(host, opening)
    opening.catch(() => undefined)
    return opening
  }
  return { run, limit, states, open }
}

/** Plays one after the other; within a batch no host waits for another. A host that failed is left out of later plays. */
async function runPlays(course: Course): Promise<void> {
  const { run, states } = course
  for (const play of run.program.plays) {
    const alive = play.hosts.filter((host) => (states.get(host) ?? 'done') === 'done')
    if (alive.length === 0) continue
    run.emit({ type: 'play-start', play: play.index, name: play.name, hosts: alive })
    const stop = await runPlay(play, alive, course)
    if (stop !== undefined && !run.signal.aborted) stopRun(play, stop, course)
    run.emit({ type: 'play-end', play: play.index })
    if (stop !== undefined || run.signal.aborted) return
  }
}

/** Batch by batch; resolves with why the run goes no further, if it does not. */
async function runPlay(play: Play, alive: string[], course: Course): Promise<string | undefined> {
  const { run } = course
  const batches = batchesOf(alive, play.serial)
  for (const [index, hosts] of batches.entries()) {
    const batch = { number: index + 1, count: batches.length }
    if (batches.length > 1)
      run.emit({ type: 'batch-start', play: play.index, batch: index + 1, batches: batches.length, hosts })
    run.changedBefore = run.changes > 0
    const running = runBatch(play, hosts, course)
    // Hosts to come connect in the meantime, so that their plays find the facts already there.
    for (const host of hostsOf(run)) void course.limit(() => course.open(host).catch(() => undefined))
    await running
    if (run.signal.aborted) return undefined
    const stop = whyStop(play, hosts, batch, course)
    if (stop !== undefined) return stop
  }
  return undefined
}

function hostsOf(run: RunContext): string[] {
  return [...new Set(run.program.plays.flatMap((play) => play.hosts))]
}

/** Tells why the run stops, and of which hosts it leaves untouched. */
function stopRun(play: Play, message: string, { run, states }: Course): void {
  const later = run.program.plays.filter(({ index }) => index >= play.index).flatMap(({ hosts }) => hosts)
  const untouched = hostsOf(run).filter((host) => later.includes(host) && !states.has(host))
  const waiting = play.hosts.filter(
    (host) => !run.ended.has(`${play.index} ${host}`) && (states.get(host) ?? 'done') === 'done',
  )
  run.emit({ type: 'run-stopped', play: play.index, message, hosts: untouched })
  for (const host of new Set([...untouched, ...waiting])) {
    states.set(host, 'stopped')
    run.emit({ type: 'host-end', host, play: play.index, state: 'stopped' })
  }
}

function exitCode(run: RunContext, states: HostEnd[]): number {
  if (run.signal.aborted) return EXIT_CODES.interrupted
  if (states.includes('failed') || states.includes('stopped')) return EXIT_CODES.failed
  if (states.includes('unreachable')) return EXIT_CODES.unreachable
  return run.mode === 'check' && run.changes > 0 ? EXIT_CODES.pending : EXIT_CODES.ok
}
