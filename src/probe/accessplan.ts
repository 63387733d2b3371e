import { sizeText } from '../base/bytes.ts'
import type { AccessHoldings } from './accessbackup.ts'
import type { Machine } from './machine.ts'
import type { NodeView } from './nodeview.ts'
import type { Refusal, Verdict } from './rebuildwish.ts'
import type { BackupView } from './restoreplan.ts'

/** What was seen on the access node, and of its node through it. */
export interface AccessSeen {
  machine: Machine
  holdings: AccessHoldings
  /** The registry answers. */
  serves: boolean
  /** Null where the server could not be asked; `why` says why then. */
  view: NodeView | null
  why?: string
}

export interface AccessWish {
  host: string
  address: string
  server: string
}

/** A part of a backup by its name, with its size. */
export type Parts = { name: string; size: number }[]

/** Judges whether the access node can be brought back. Pure; `seen` is null where it was not looked at. */
export function judgeAccess(
  seen: AccessSeen | null,
  backup: (BackupView & { parts: Parts }) | undefined,
  wish: AccessWish,
): Verdict {
  const healthy = seen !== null && isWell(seen, wish)
  return {
    healthy,
    found: [...(seen === null ? ['machine    not looked at'] : foundOf(seen)), backupFound(backup)],
    steps: stepsOf(seen, backup, wish),
    kept: ['name, labels, taints and annotations of the node', 'what is on all other hosts'],
    lost: lostOf(seen, backup),
    refusals: healthy || seen === null ? [] : refusalsOf(seen, wish),
  }
}

function isWell({ machine, serves, view }: AccessSeen, { address }: AccessWish): boolean {
  if (view === null || view.node === null || view.record !== null || !serves || !machine.active) return false
  return view.node.ready && view.node.boot_id === machine.boot_id && view.node.address === address
}

function foundOf({ machine, holdings, serves, view }: AccessSeen): string[] {
  const { node = null, record = null } = view ?? {}
  const state =
    view === null
      ? 'not known: the server can not be asked'
      : node === null
        ? 'not in the cluster'
        : `${node.ready ? 'Ready' : `NotReady since ${node.since}`}, ${node.version}`
  const kind =
    machine.machine_id === node?.machine_id
      ? 'the one that the cluster knows'
      : machine.joined_before
        ? 'has been in a cluster before'
        : 'fresh'
  const { registry } = holdings
  const images =
    registry === null ? 'no images' : `${sizeText(registry.size)} of images: ${registry.images.join(', ')}`
  return [
    `node       ${state}`,
    `machine    ${kind}`,
    `registry   ${serves ? 'answers' : 'does not answer'}; ${images}`,
    ...(record === null ? [] : ['before     a rebuild has begun; this goes on with it']),
  ]
}

function backupFound(backup: BackupView | undefined): string {
  if (backup === undefined) return 'backup     none'
  return `backup     ${backup.name}, taken ${backup.age}: images ${backup.images.join(', ') || 'none'}`
}

/** Names of the parts of a backup that are put back: images only where there are none, of the home what is missing. */
export function partsToRestore(seen: AccessSeen, parts: Parts): string[] {
  return parts
    .map(({ name }) => name)
    .filter((name) => name === 'home' || (name === 'registry' && seen.holdings.registry === null))
}

function stepsOf(
  seen: AccessSeen | null,
  backup: (BackupView & { parts: Parts }) | undefined,
  { host, server }: AccessWish,
): string[] {
  const restorable = seen === null ? ['registry', 'home'] : partsToRestore(seen, backup?.parts ?? [])
  const parts = restorable.filter((name) => backup?.parts.some((part) => part.name === name))
  const images =
    seen !== null && seen.holdings.registry !== null
      ? 'bring up the registry with the images that are there'
      : parts.includes('registry')
        ? `bring up the registry with the images of ${backup?.name}`
        : 'bring up an empty registry, for no backup holds its images: build them afterwards with provision playbooks/images.yaml, and push what else was in it'
  const first = [
    'prepare the machine; docker',
    images,
    ...(parts.includes('home') ? ["put back what is missing of its user's files"] : []),
  ]
  if (seen?.view === null)
    return [
      ...first,
      `stop there, for ${server} can't be asked: next provision rebuild ${server}, then this again`,
    ]
  return [
    ...first,
    ...(seen?.view?.node
      ? [`keep labels, taints and annotations of ${host} aside, delete the node and its password`]
      : []),
    `join with k3s ${seen?.view?.server_version ?? 'of the server'}; wait until Ready; restore labels, taints and annotations`,
    'kubectl for its user',
  ]
}

function lostOf(seen: AccessSeen | null, backup: BackupView | undefined): string[] {
  const beyond =
    backup === undefined
      ? ''
      : `, as far as the backup of ${backup.taken.slice(0, 16).replace('T', ' ')} UTC does not hold it`
  return [
    `what was on its SD card${beyond}`,
    'pods on it that nothing starts anew, such as that of the benchmark: apply their manifests again',
    ...(seen?.view?.volumes ?? []).map(({ path, claim }) => `${path} (${claim.name})`),
  ]
}

function refusalsOf(
  { machine, serves, view, why }: AccessSeen,
  { host, address, server }: AccessWish,
): Refusal[] {
  const refusals: Refusal[] = []
  if (machine.hostname.toLowerCase() !== host.toLowerCase() && machine.joined_before)
    refusals.push({
      message: `the machine at ${address} calls itself ${machine.hostname}`,
      hint: 'is it the right one?',
    })
  if (view === null && !serves) return refusals
  if (view === null)
    return [
      ...refusals,
      {
        message: `${server} can't be asked, so ${host} can't join: ${why ?? 'it does not answer'}`,
        hint: `is it dead, too? Its way leads through ${host}, whose sshd is enough: provision rebuild ${server}, then this again`,
      },
    ]
  if (!view.healthy || view.server_version === '')
    refusals.push({
      message: 'the k3s server is not well',
      hint: 'heal it first: provision status shows what is wrong',
    })
  const claims = view.volumes.filter(({ claim }) => claim.bound).map(({ claim }) => claim.name)
  if (claims.length > 0 && machine.machine_id !== view.node?.machine_id && view.record === null)
    refusals.push({
      message: `the volumes of ${claims.join(', ')} were on the card of ${host}, and are gone with it`,
      hint: `give up these claims first: provision exec -b ${server} -- k3s kubectl delete pvc ${claims.join(' ')} --wait=false`,
    })
  return refusals
}
