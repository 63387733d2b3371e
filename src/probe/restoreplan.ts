import { sizeText } from '../base/bytes.ts'
import type { BlockFact } from './block.ts'
import { ownershipOf } from './rebuilddisk.ts'
import type { Refusal, Verdict } from './rebuildwish.ts'
import type { ServerMachine } from './servermachine.ts'

/** The server as the inventory describes it. */
export interface ServerWish {
  host: string
  address: string
  /** Of its SSD; empty where it has none. */
  device: string
  size?: string
  mount: string
}

/** What is told of the backup that it is restored from. */
export interface BackupView {
  name: string
  /** In words. */
  age: string
  /** In ISO 8601. */
  taken: string
  k3s_version: string
  nodes: string[]
  /** In the registry. */
  images: string[]
}

export interface ServerSeen {
  machine: ServerMachine
  /** Null where it has no SSD, or none is plugged in. */
  block: BlockFact
}

/** Whether there is nothing to restore. */
export function isServerWell({ machine }: ServerSeen, { device }: ServerWish): boolean {
  return machine.well && (device === '' || machine.mounted) && machine.restored === ''
}

/** Judges whether the server can be brought back from a backup. Pure; `seen` is null where the machine was not looked at. */
export function judgeRestore(
  seen: ServerSeen | null,
  backup: BackupView | undefined,
  wish: ServerWish,
): Verdict {
  const healthy = seen !== null && isServerWell(seen, wish)
  return {
    healthy,
    found: [machineFound(seen, wish), ...backupFound(backup)],
    steps: backup === undefined ? [] : stepsOf(backup, wish),
    kept: [
      ...(wish.device === '' ? [] : [`the volumes on its SSD (${wish.mount})`]),
      "the cluster's certificates and token: agents and kubeconfigs go on without being touched by hand",
      'pods on the other nodes, which run on all the while',
    ],
    lost: backup === undefined ? [] : lostOf(backup, wish),
    refusals: healthy || seen === null ? [] : refusalsOf(seen, backup, wish),
  }
}

function machineFound(seen: ServerSeen | null, { device }: ServerWish): string {
  if (seen === null) return 'machine    not looked at'
  const { machine, block } = seen
  const kind = machine.well
    ? 'its k3s server is well'
    : machine.restored !== ''
      ? `restored from ${machine.restored}, but not done; this goes on with it`
      : machine.datastore
        ? 'has a datastore of its own, but its k3s server is not well'
        : 'fresh, without a datastore'
  return `machine    ${kind}${device === '' ? '' : `; ${device} ${diskText(block)}`}`
}

function diskText(block: BlockFact): string {
  if (block === null) return 'is not there'
  const { TYPE = block.signature.PTTYPE, LABEL } = block.signature
  if (TYPE === undefined) return `carries nothing that is known (${sizeText(block.size)})`
  return `carries ${TYPE}${LABEL === undefined ? '' : ` labelled ${LABEL}`} (${sizeText(block.size)})`
}

function backupFound(backup: BackupView | undefined): string[] {
  if (backup === undefined) return ['backup     none']
  const { name, age, k3s_version, nodes } = backup
  return [`backup     ${name}, taken ${age}: k3s ${k3s_version}, nodes ${nodes.join(', ')}`]
}

function stepsOf({ name, k3s_version }: BackupView, { device, mount }: ServerWish): string[] {
  return [
    `prepare the machine${device === '' ? '' : `; mount the SSD at ${mount} as it is`}`,
    `put datastore, token and certificates of ${name} in place`,
    `start k3s ${k3s_version}; wait until its node is Ready`,
    'let it learn the passwords of the other nodes anew, and start what watches the cluster again',
    'restart the agents, a few at a time; their pods go on',
    'see that every node is Ready, and the ring of Cassandra whole',
  ]
}

function lostOf({ taken, age }: BackupView, { host }: ServerWish): string[] {
  return [
    `every change of objects since ${taken.slice(0, 16).replace('T', ' ')} UTC (${age}): what was made since is gone, what was deleted is back`,
    `what was on the SD card of ${host}; its own pods start again`,
  ]
}

function refusalsOf(
  { machine, block }: ServerSeen,
  backup: BackupView | undefined,
  wish: ServerWish,
): Refusal[] {
  const { host, address } = wish
  const one = (message: string, hint: string): Refusal[] => [{ message, hint }]
  if (machine.agent) return one(`the machine at ${address} runs k3s as an agent`, 'is it the right one?')
  if (machine.datastore && machine.restored === '')
    return one(
      `${host} has a datastore, newer than any backup of it, but its k3s server is not well`,
      `heal it: provision exec -b ${host} -- journalctl -n 30 -u k3s, provision playbooks/cluster.yaml --limit ${host}; ` +
        `to go back to the backup all the same, first: provision exec -b ${host} -- 'systemctl stop k3s; mv /var/lib/rancher/k3s/server /var/lib/rancher/k3s/server.old'`,
    )
  if (backup === undefined) return one(...NO_BACKUP(host))
  if (machine.restored !== '' && machine.restored !== backup.name)
    return one(
      `a restore from ${machine.restored} has begun on ${host}`,
      `go on with it: provision rebuild ${host} --from ${machine.restored}`,
    )
  return diskRefusals(block, wish)
}

const NO_BACKUP = (host: string): [string, string] => [
  `${host} is the k3s server: its datastore is the cluster itself, and there is no backup of it here`,
  'another folder? name it with --from. Its old SD card still readable? Copy /var/lib/rancher/k3s/server and /etc/rancher to the new one, then run playbooks/cluster.yaml; ' +
    "else set the cluster up anew with playbooks/cluster.yaml: the data on the other hosts' SSDs stays, and claims have to be bound to it by hand. Next time: provision backup",
]

function diskRefusals(block: BlockFact, wish: ServerWish): Refusal[] {
  const { host, device } = wish
  if (device === '') return []
  switch (ownershipOf(block, wish)) {
    case 'own':
      return []
    case 'absent':
      return [
        {
          message: `${host} has no ${device}`,
          hint: 'plug its SSD in; lsblk on the host shows what is there',
        },
      ]
    case 'foreign':
      return [
        {
          message: `${device} of ${host} ${diskText(block)}, so it is not its SSD; it is never formatted`,
          hint: `plug the right disk in; if it is the right one and empty, say so on the host: wipefs -a ${device}`,
        },
      ]
    case 'blank':
      return [
        {
          message: `${device} of ${host} is blank: the volumes of its pods are not there`,
          hint: `plug its old SSD in; if that is lost, format this one, and the volumes' claims have to be given up by hand afterwards: provision exec -b ${host} -- mkfs.ext4 -L storage-${host} ${device}`,
        },
      ]
  }
}
