import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import { clock } from './clock.ts'
import { run, succeeds } from './command.ts'
import type { Injection } from './injection.ts'
import { locked } from './lock.ts'
import { cablesOf } from './network.ts'
import type { LabNode } from './nodes.ts'
import { type LabPlaces, labPlaces, nodePlaces } from './places.ts'
import { boot, kill } from './power.ts'
import { labProcesses, leaderOf, readLive, signal } from './processes.ts'
import { type LabRecord, readRecord } from './record.ts'
import { reimage, swapDisk } from './replacement.ts'
import type { Say } from './say.ts'
import { type Fault, readFaults } from './status.ts'

/** What can be done to a node by name, each with the sentence for `--help`. */
export const FAULTS = {
  cut: { summary: 'unplug its network cable', inject: cut },
  slow: { summary: 'make every packet to it take MILLISECONDS (200)', inject: slow },
  heal: { summary: 'undo cut and slow', inject: heal },
  freeze: { summary: 'stop its sshd from answering, connections stay open', inject: freeze },
  thaw: { summary: 'undo freeze', inject: thaw },
  kill: { summary: 'cut its power', inject: kill },
  boot: { summary: 'power it on', inject: boot },
  fill: { summary: 'fill the filesystem that holds PATH (/) to the last block', inject: fill },
  empty: { summary: 'undo fill', inject: empty },
  'swap-disk': {
    summary:
      'put another disk in, blank or with a filesystem labelled LABEL, or the one before (back); power it on',
    inject: swapDisk,
  },
  reimage: {
    summary: 'put in an SD card flashed anew, with another host key and machine id, or the one before (back)',
    inject: reimage,
  },
  clock: { summary: 'set its clock back by DAYS (1000) until it boots; 0: right again', inject: clock },
} as const satisfies Record<string, { summary: string; inject(injection: Injection): Promise<void> }>

export type FaultName = keyof typeof FAULTS

/** Does something bad to a node of the lab, or undoes it. */
export async function labFault(host: string, fault: string, say: Say, argument?: string): Promise<void> {
  const lab = labPlaces()
  const kind = Object.hasOwn(FAULTS, fault) ? FAULTS[fault as FaultName] : undefined
  if (kind === undefined)
    throw new UsageError(`there is no fault '${fault}'`, didYouMean(fault, Object.keys(FAULTS)))
  const waiting = (pid: number): void => say({ text: `waiting for process ${pid}, which works on the lab` })
  await locked(lab.lock, waiting, async () => {
    const { node, record } = nodeOf(lab, host)
    await kind.inject({ lab, node, record, argument, say: (text) => say({ host, text }) })
  })
}

/** Looks a node up by name. */
export function nodeOf(lab: LabPlaces, host: string): { node: LabNode; record: LabRecord } {
  const record = readRecord(lab)
  if (record === null)
    throw new UsageError(`the lab '${lab.name}' is not up`, "start it with 'provision lab up'")
  const node = record.nodes.find((one) => one.name === host)
  if (node) return { node, record }
  const names = record.nodes.map((one) => one.name)
  throw new UsageError(`the lab has no host '${host}'`, didYouMean(host, names))
}

async function cut({ lab, node, say }: Injection): Promise<void> {
  for (const { port } of cablesOf(node)) await run(['ip', '-n', lab.lan, 'link', 'set', port, 'nomaster'])
  note(lab, node, 'cut', true)
  say('its network cable is unplugged')
}

async function slow({ lab, node, argument = '200', say }: Injection): Promise<void> {
  if (!/^\d+$/.test(argument)) throw new UsageError(`slow takes milliseconds, not '${argument}'`)
  for (const { port } of cablesOf(node)) {
    const shape = ['tc', '-n', lab.lan, 'qdisc', 'replace', 'dev', port, 'root']
    if (await succeeds([...shape, 'netem', 'delay', `${argument}ms`])) continue
    // Kernels without netem can still make a cable narrow: a full packet then takes about as long.
    const rate = Math.max(8, Math.round((1500 * 8) / Math.max(1, Number(argument))))
    await run([...shape, 'tbf', 'rate', `${rate}kbit`, 'burst', '1600', 'limit', '200000'])
  }
  note(lab, node, 'slow', true)
  say(`a packet to it takes about ${argument} ms`)
}

async function heal({ lab, node, say }: Injection): Promise<void> {
  for (const { port, bridge } of cablesOf(node)) {
    await succeeds(['tc', '-n', lab.lan, 'qdisc', 'del', 'dev', port, 'root'])
    await run(['ip', '-n', lab.lan, 'link', 'set', port, 'master', bridge])
  }
  note(lab, node, 'cut', false)
  note(lab, node, 'slow', false)
  say('its network is as before')
}

async function freeze({ lab, node, say }: Injection): Promise<void> {
  for (const pid of daemons(lab, node)) signal(pid, 'SIGSTOP')
  note(lab, node, 'frozen', true)
  say('its sshd is frozen')
}

async function thaw({ lab, node, say }: Injection): Promise<void> {
  for (const pid of daemons(lab, node)) signal(pid, 'SIGCONT')
  note(lab, node, 'frozen', false)
  say('its sshd answers again')
}

function daemons(lab: LabPlaces, node: LabNode): number[] {
  return labProcesses(lab, node.name).filter((pid) => readLive(`/proc/${pid}/comm`).trim() === 'sshd')
}

async function fill({ lab, node, argument = '/', say }: Injection): Promise<void> {
  const file = fillingOf(lab, node, argument)
  const { bfree, bsize } = statfsSync(file.directory)
  let used = 0
  for (let size = bfree * bsize; size >= bsize; ) {
    // Reserved, not written: it costs this machine's disk nothing.
    const taken = await succeeds(['fallocate', '--offset', `${used}`, '--length', `${size}`, file.path])
    if (taken) used += size
    else size = Math.floor(size / 2 / bsize) * bsize
  }
  say(`the filesystem of ${argument} is full`)
}

async function empty({ lab, node, argument = '/', say }: Injection): Promise<void> {
  rmSync(fillingOf(lab, node, argument).path, { force: true })
  say(`the filesystem of ${argument} has room again`)
}

function fillingOf(lab: LabPlaces, node: LabNode, path: string): { directory: string; path: string } {
  const leader = leaderOf(lab, node.name)
  if (leader === null)
    throw new UsageError(`${node.name} is off`, `boot it with 'provision lab boot ${node.name}'`)
  const directory = `/proc/${leader}/root/${path}`
  if (!existsSync(directory)) throw new UsageError(`${node.name} has no ${path}`)
  return { directory, path: `${directory}/.filled-by-lab` }
}

function note(lab: LabPlaces, node: LabNode, fault: Fault, present: boolean): void {
  const others = readFaults(lab, node.name).filter((one) => one !== fault)
  writeFileSync(nodePlaces(lab, node.name).faults, JSON.stringify(present ? [...others, fault] : others))
}
