import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  copyFileSync,
  chownSync,
  truncateSync,
} from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { quote } from '../base/shell.ts'
import { Interrupted, UsageError } from '../core/errors.ts'
import { run } from './command.ts'
import { removeGroups } from './groups.ts'
import { DOCKER_UNITS, HAS_IMAGES } from './image/files.ts'
import { gatewayOf, plugIn } from './network.ts'
import { type LabNode, USER } from './nodes.ts'
import type { LabRecord } from './record.ts'
import { type LabPlaces, namespacePath, nodePlaces } from './places.ts'
import { areGone, killAll, labProcesses, leaderOf, readLive } from './processes.ts'

/** Size of a board's SD card in bytes. */
const CARD = 16 * 1024 ** 3

/** Longest time a node may take to boot, in seconds. */
const PATIENCE = 120

/** Powers a node on; its card and disk are made where they are missing. Returns once its start is under way. */
export async function startNode(lab: LabPlaces, node: LabNode, { image, nodes }: LabRecord): Promise<void> {
  const places = nodePlaces(lab, node.name)
  // What a half-finished start has left behind would be in the way.
  await stopNode(lab, node.name)
  mkdirSync(places.directory, { recursive: true })
  if (!existsSync(places.card)) await makeCard(lab, node, nodes)
  if (node.disk && !existsSync(places.disk)) makeSparse(places.disk, node.disk.size)
  await plugIn(lab, node, nodes)
  rmSync(places.faults, { force: true })
  const settings = `${places.directory}/settings`
  writeFileSync(settings, shellVariables(lab, node, image))
  const log = openSync(places.console, 'a')
  const argv = ['--mount', '--propagation', 'slave', '/bin/sh', lab.starter, settings]
  spawn('unshare', argv, { detached: true, cwd: '/', stdio: ['ignore', log, log] }).unref()
  closeSync(log)
}

/** Cuts a node's power. */
export async function stopNode(lab: LabPlaces, host: string): Promise<void> {
  await killAll(() => labProcesses(lab, host))
  // The kernel takes rules for devices only as long as a group has never had others below it, so it is made anew.
  await removeGroups(nodePlaces(lab, host).cgroup)
}

/** True once users can log in over SSH: sshd listens and the ban on logins during the boot is lifted. */
export function isReady(lab: LabPlaces, node: LabNode): boolean {
  const leader = leaderOf(lab, node.name)
  if (leader === null) return false
  const listens = /:0016 0+:0000 0A /.test(readLive(`/proc/${leader}/net/tcp`))
  const root = `/proc/${leader}/root`
  return listens && !existsSync(`${root}/run/nologin`) && (!node.direct || existsSync(root + HAS_IMAGES))
}

/** Waits until users can log in. Throws UsageError when the node ends before, or takes too long. */
export async function untilReady(lab: LabPlaces, node: LabNode, signal?: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + PATIENCE * 1000; !isReady(lab, node); await pause(100)) {
    if (signal?.aborted) throw new Interrupted('interrupted')
    if (await areGone(() => labProcesses(lab, node.name))) throw notBooted(lab, node, 'ended while booting')
    if (Date.now() > deadline) throw notBooted(lab, node, `did not boot within ${PATIENCE} s`)
  }
}

function notBooted(lab: LabPlaces, node: LabNode, what: string): UsageError {
  const { console } = nodePlaces(lab, node.name)
  const last = readLive(console).trim().split('\n').slice(-5)
  return new UsageError(
    `${node.name} ${what}`,
    `its console is in ${console} and ends with:\n${last.join('\n')}`,
  )
}

function shellVariables(lab: LabPlaces, node: LabNode, image: string): string {
  const places = nodePlaces(lab, node.name)
  const values = {
    HOST: node.name,
    DIRECTORY: places.directory,
    IMAGE: image,
    MACHINE: places.machine,
    NAMESPACE: namespacePath(places.namespace),
    DEVICE: node.disk?.device ?? '',
    MEMORY: String(node.memory),
    CGROUP: places.cgroup,
    HIERARCHY: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : 'v1',
  }
  return Object.entries(values)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join('')
}

/** A new SD card: an empty filesystem over the image, with an identity of its own. */
async function makeCard(lab: LabPlaces, node: LabNode, nodes: LabNode[]): Promise<void> {
  const places = nodePlaces(lab, node.name)
  await makeSeed(lab, node, nodes)
  const unfinished = `${places.card}.new`
  makeSparse(unfinished, CARD)
  await run(['mkfs.ext4', '-q', '-m', '0', '-O', '^has_journal', '-E', 'nodiscard', unfinished])
  await run(['mv', unfinished, places.card])
}

/** A file of that size which takes no space yet. */
export function makeSparse(file: string, size: number): void {
  writeFileSync(file, '')
  truncateSync(file, size)
}

/** What tells a freshly flashed board from others: its name, its machine id, its host key, who may log in. */
async function makeSeed(lab: LabPlaces, node: LabNode, nodes: LabNode[]): Promise<void> {
  const { seed } = nodePlaces(lab, node.name)
  rmSync(seed, { recursive: true, force: true })
  mkdirSync(`${seed}/etc/ssh`, { recursive: true })
  const ssh = `${seed}/home/${USER}/.ssh`
  mkdirSync(ssh, { recursive: true, mode: 0o700 })
  writeFileSync(`${seed}/etc/hostname`, `${node.name}\n`)
  writeFileSync(
    `${seed}/etc/hosts`,
    `127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n\n127.0.1.1\t${node.name}\n`,
  )
  writeFileSync(`${seed}/etc/resolv.conf`, `nameserver ${gatewayOf(nodes)}\n`)
  if (node.direct) enableDocker(seed)
  writeFileSync(`${seed}/etc/machine-id`, `${randomBytes(16).toString('hex')}\n`)
  await makeKey(`${seed}/etc/ssh/ssh_host_ed25519_key`, `root@${node.name}`)
  copyFileSync(`${lab.keyFile}.pub`, `${ssh}/authorized_keys`)
  chmodSync(`${ssh}/authorized_keys`, 0o600)
  for (const path of [`${seed}/home/${USER}`, ssh, `${ssh}/authorized_keys`]) chownSync(path, 1000, 1000)
}

/** The host that is reached first is the one that has docker's daemon running, and the images. */
function enableDocker(seed: string): void {
  const wants = `${seed}/etc/systemd/system/multi-user.target.wants`
  mkdirSync(wants, { recursive: true })
  for (const unit of DOCKER_UNITS) {
    const home = unit.startsWith('provision-') ? '/etc/systemd/system' : '/lib/systemd/system'
    symlinkSync(`${home}/${unit}`, `${wants}/${unit}`)
  }
}

export async function makeKey(file: string, comment: string): Promise<void> {
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file])
}
