import pLimit from 'p-limit'
import type { HostEnd } from '../core/event.ts'
import type { Play } from '../load/program.ts'
import type { RunContext } from './context.ts'
import { reportHost, runGate, runHost } from './host.ts'
import { Once } from './once.ts'
import { Stopped } from './waits.ts'
import type { Walk } from './walk.ts'

/** What the plays of a run share: places for hosts at work, how far each host has come, and its opening. */
export interface Course {
  run: RunContext
  limit: ReturnType<typeof pLimit>
  states: Map<string, HostEnd>
  /** Connects and looks, once for each host. */
  open(host: string): Promise<void>
}

/** Parts hosts into batches of these sizes, the last one repeated; a percentage is of all of them, at least one. */
export function batchesOf(hosts: string[], serial: (number | string)[]): string[][] {
  const batches: string[][] = []
  for (let from = 0; from < hosts.length; from += batches.at(-1)!.length) {
    const size = serial[Math.min(batches.length, serial.length - 1)] ?? hosts.length
    const count = typeof size === 'number' ? size : Math.floor((hosts.length * Number.parseFloat(size)) / 100)
    batches.push(hosts.slice(from, from + Math.max(1, count)))
  }
  return batches
}

/** Runs a play on the hosts of a batch, then its gate on those that are left. Never rejects. */
export async function runBatch(play: Play, hosts: string[], course: Course): Promise<void> {
  const { run } = course
  const changes = run.changes
  const gated = play.gate.length > 0
  const left = await inStep(play, hosts, course, gated, (walk) =>
    runHost(walk, course.open(walk.session.host.name)),
  )
  if (run.mode === 'apply' && run.changes !== changes) forgetAll(run)
  if (gated) await inStep(play, left, course, false, passGate)
}

async function passGate(walk: Walk): Promise<HostEnd> {
  const { play, run, session } = walk
  const state = await runGate(walk, play.gate)
  if (state === 'failed' || state === 'unreachable') run.gated.add(`${play.index} ${session.host.name}`)
  return state
}

/** What another host changed may be seen on this one. */
function forgetAll(run: RunContext): void {
  for (const host of new Set(run.program.plays.flatMap((play) => play.hosts))) run.session(host).forget()
}

/** Runs something on all hosts at once; resolves with those on which it went well. */
async function inStep(
  play: Play,
  hosts: string[],
  { run, limit, states }: Course,
  /** Something follows on these hosts. */
  follows: boolean,
  work: (walk: Walk) => Promise<HostEnd>,
): Promise<string[]> {
  const { waits } = run
  const once = new Once(hosts, waits)
  waits.begin(hosts)
  await Promise.all(
    hosts.map((host) =>
      limit(async () => {
        const walk = walkOf(play, host, run, once)
        const state = await work(walk)
        states.set(host, state)
        if (state !== 'done' || !follows) reportHost(walk, state)
        if ((state === 'failed' || state === 'unreachable') && play.anyErrorsFatal) halt(run, host, state)
        leave(walk)
      }),
    ),
  )
  return hosts.filter((host) => states.get(host) === 'done')
}

function walkOf(play: Play, host: string, run: RunContext, once: Once): Walk {
  const session = run.session(host)
  return { session, play, run, once, outerItems: {}, rescued: false, rounds: { handlers: 0 } }
}

/** Nobody waits for a host that has come to the end of the play. */
function leave({ run, session, play, once }: Walk): void {
  const host = session.host.name
  run.ended.add(`${play.index} ${host}`)
  run.values.pass(host)
  run.waits.end(host)
  once.leave()
}

function halt(run: RunContext, host: string, state: HostEnd): void {
  run.halted ??= `${host} ${state === 'failed' ? 'failed' : 'could not be reached'}, and any error is fatal here`
  run.waits.stop(() => new Stopped())
}
