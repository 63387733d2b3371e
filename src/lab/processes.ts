import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { UsageError } from '../core/errors.ts'
import { type LabPlaces, nodePlaces } from './places.ts'

/** Reads a file of /proc or /sys; empty when the process or group is gone. */
export function readLive(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Process ids of the lab, or of one of its nodes: those in its control groups, and starters that have not come that
 * far. Found from what the kernel says, so that those left by a crash are found too.
 */
export function labProcesses(lab: LabPlaces, host?: string): number[] {
  const places = host === undefined ? undefined : nodePlaces(lab, host)
  const marks = places
    ? [`:/${places.cgroup}/`, `/provision-lab.${places.machine}.scope`]
    : [`:/${lab.cgroup}/`, `/provision-lab.${lab.name}.`]
  const starter = places ? `${lab.starter}\0${places.directory}/settings` : lab.starter
  return processes().filter((pid) => {
    const groups = readLive(`/proc/${pid}/cgroup`)
    return marks.some((mark) => groups.includes(mark)) || readLive(`/proc/${pid}/cmdline`).includes(starter)
  })
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Looks twice: a starter that becomes another program has no command line for a moment, by which it could be known. */
export async function areGone(find: () => number[]): Promise<boolean> {
  if (find().length > 0) return false
  await pause(20)
  return find().length === 0
}

/** Ends processes at once and waits until none is left. */
export async function killAll(find: () => number[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await areGone(find)) return
    const pids = find()
    for (const pid of pids) signal(pid, 'SIGKILL')
    await pause(50)
  }
  throw new UsageError(`processes of the lab do not end: ${find().join(', ')}`)
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The node's process 1, as seen from here; null while the node is off. */
export function leaderOf(lab: LabPlaces, host: string): number | null {
  const places = nodePlaces(lab, host)
  const starter = readLive(places.pid).trim()
  if (starter === '' || !readLive(`/proc/${starter}/cmdline`).includes(`${places.directory}/settings`))
    return null
  for (const spawn of childrenOf(starter)) {
    const leader = childrenOf(spawn).find((pid) =>
      readLive(`/proc/${pid}/status`).includes('\nNSpid:\t' + pid + '\t1\n'),
    )
    if (leader !== undefined) return Number(leader)
  }
  return null
}

function childrenOf(pid: string): string[] {
  return readLive(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean)
}

/** Seconds since the process began. */
export function ageOf(pid: number): number | null {
  const stat = readLive(`/proc/${pid}/stat`)
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const now = Number(readLive('/proc/uptime').split(' ')[0])
  return Number.isFinite(ticks) ? now - ticks / 100 : null
}
