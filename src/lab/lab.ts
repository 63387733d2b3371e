import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { Interrupted, UsageError } from '../core/errors.ts'
import type { Inventory } from '../load/program.ts'
import { makeImage } from './image/build.ts'
import { raiseLimits } from './limits.ts'
import { locked } from './lock.ts'
import { makeLan } from './network.ts'
import { isReady, makeKey, startNode, untilReady } from './node.ts'
import { type LabNode, labNodes, USER } from './nodes.ts'
import { type LabPlaces, labPlaces } from './places.ts'
import { killAll, labProcesses, leaderOf } from './processes.ts'
import { type LabRecord, readRecord, writeRecord } from './record.ts'
import { type Install, requireLab } from './requirements.ts'
import type { Say } from './say.ts'
import { STARTER } from './starter.ts'
import { type LabState, labStatus } from './status.ts'

export { labDown } from './down.ts'
export { FAULTS, type FaultName, labFault } from './fault.ts'
export { PASSWORD } from './image/setup.ts'
export type { LabLine } from './say.ts'
export { labSudo } from './sudo.ts'
export { labStatus, type LabState, type NodeState } from './status.ts'

export interface LabOptions {
  say: Say
  /** Whether missing Debian packages may be installed. */
  install: Install
  signal?: AbortSignal
}

/** Boots what is not up yet of the inventory's hosts; a lab that is up is left as it is. */
export async function labUp(inventory: Inventory, options: LabOptions): Promise<LabState> {
  const lab = labPlaces()
  const nodes = labNodes(inventory)
  const say = (text: string): void => options.say({ text })
  await requireLab(options.install, say)
  const waiting = (pid: number): void =>
    say(`waiting for process ${pid}, which works on the lab '${lab.name}'`)
  return locked(lab.lock, waiting, async () => {
    const record = readRecord(lab)
    if (record) refuseOther(lab, record, nodes)
    const image = record?.image ?? (await makeImage(say, options.signal))
    await prepare(lab, { image, nodes })
    await bootMissing(lab, { image, nodes }, options)
    return labStatus(lab) as LabState
  })
}

/** A lab that was started from other descriptions can't be made to fit; new hosts can be added. */
function refuseOther(lab: LabPlaces, record: LabRecord, nodes: LabNode[]): void {
  const wanted = new Map(nodes.map((node) => [node.name, JSON.stringify(node)]))
  const other = record.nodes.filter((node) => wanted.get(node.name) !== JSON.stringify(node))
  if (other.length === 0) return
  const names = other.map((node) => node.name).join(', ')
  throw new UsageError(
    `the lab '${lab.name}' was started with another description of ${names}`,
    "run 'provision lab down' first; what the nodes hold is lost then",
  )
}

/** All that the nodes have in common. */
async function prepare(lab: LabPlaces, record: LabRecord): Promise<void> {
  mkdirSync(lab.state, { recursive: true, mode: 0o700 })
  writeRecord(lab, record)
  if (!existsSync(lab.keyFile)) await makeKey(lab.keyFile, `provision lab ${lab.name}`)
  writeFileSync(lab.knownHostsFile, '', { flag: 'a', mode: 0o600 })
  // Its nodes are reading it, and it fits the image they were made from.
  if (!existsSync(lab.starter)) writeFileSync(lab.starter, STARTER)
  writeFileSync(lab.sshConfig, sshConfig(lab, record.nodes))
  raiseLimits()
  const isolated = await makeLan(lab, record.nodes)
  if (isolated) await killAll(() => labProcesses(lab))
}

async function bootMissing(lab: LabPlaces, record: LabRecord, options: LabOptions): Promise<void> {
  const { nodes } = record
  const missing = nodes.filter((node) => leaderOf(lab, node.name) === null)
  if (missing.length > 0) options.say({ text: `booting ${missing.length} of ${nodes.length} nodes` })
  const began = Date.now()
  // Directly reachable hosts first: all others are reached through them, and they have more to do.
  const ordered = [...missing].sort((a, b) => Number(b.direct) - Number(a.direct))
  for (const node of ordered) {
    if (options.signal?.aborted) throw new Interrupted('interrupted')
    await startNode(lab, node, record)
  }
  const waited = nodes.map(async (node) => {
    if (isReady(lab, node)) return
    await untilReady(lab, node, options.signal)
    options.say({ host: node.name, text: `booted in ${((Date.now() - began) / 1000).toFixed(1)} s` })
  })
  await Promise.all(waited)
}

function sshConfig(lab: LabPlaces, nodes: LabNode[]): string {
  const all = `Host *\n  User ${USER}\n  IdentityFile ${lab.keyFile}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${lab.knownHostsFile}\n  StrictHostKeyChecking accept-new\n`
  return nodes
    .map(
      (node) =>
        `Host ${node.name}\n  HostName ${node.address}\n${node.jump ? `  ProxyJump ${node.jump}\n` : ''}`,
    )
    .concat(all)
    .join('\n')
}
