import { parseSize, sizeText } from '../base/bytes.ts'
import type { BlockFact } from './block.ts'
import type { Machine } from './machine.ts'
import { type NodeRecord, memberOf, recordOf } from './noderecord.ts'
import { hasJoined, type NodeView } from './nodeview.ts'

/** What the inventory says of the node, and what its owner has said. */
export interface Wish {
  host: string
  address: string
  device: string
  size?: string
  mount: string
  data: NodeRecord['data']
  /** The owner knows that what has only one copy is lost. */
  acceptLoss: boolean
  /** The owner has seen that the machine, which does not answer, has no power. */
  poweredOff: boolean
}

/** What was seen of the machine; null where it does not answer or was not looked at. */
export interface MachineView {
  machine: Machine
  block: BlockFact
}

export interface Refusal {
  message: string
  hint: string
}

export interface Verdict {
  /** Nothing is to be rebuilt. */
  healthy: boolean
  found: string[]
  steps: string[]
  kept: string[]
  lost: string[]
  refusals: Refusal[]
}

/** Judges all that was seen. Pure. */
export function judgeRebuild(view: NodeView, seen: MachineView | null, wish: Wish): Verdict {
  const healthy = seen !== null && isHealthy(view, seen, wish)
  const record = recordOf(view, wish.data)
  return {
    healthy,
    found: [...nodeFound(view), machineFound(view, seen, wish), ...ringFound(view)],
    steps: stepsOf(view, seen, wish, record),
    kept: keptOf(view, wish),
    lost: lostOf(view, wish, record),
    refusals: healthy ? [] : refusalsOf(view, seen, wish, record),
  }
}

function isHealthy(view: NodeView, { machine, block }: MachineView, { address }: Wish): boolean {
  const { node, record, places, ring } = view
  if (node === null || record !== null || !node.ready || node.boot_id !== machine.boot_id) return false
  if (node.address !== address || !machine.active || (!machine.mounted && block !== null)) return false
  if (!places.some((one) => one.member) || ring === null) return true
  return memberOf(view)?.state === 'UN'
}

function nodeFound({ node, late, volumes, places, record, password }: NodeView): string[] {
  const state = node?.ready ? 'Ready' : 'NotReady'
  const since = node === null || node.ready ? '' : ` since ${node.since}`
  const head =
    node === null
      ? 'not in the cluster'
      : `${state}${since}, ${node.version}${node.schedulable ? '' : ', cordoned'}`
  const pods = [...new Set(places.map(({ pod }) => pod))]
  const seed = places.some(({ seed }) => seed) ? ', by which the others find the ring (seed)' : ''
  return [
    `node       ${head}${password && node === null ? '; its password is still there' : ''}`,
    ...(late.length > 0 ? [`others     ${late.join(', ')} not Ready either`] : []),
    `volumes    ${volumes.length === 0 ? 'none' : volumes.map(({ claim, path }) => `${claim.name || 'no claim'} in ${path}`).join(', ')}`,
    `pods       ${pods.length === 0 ? 'none that belong here' : `${pods.join(', ')}${seed}`}`,
    ...(record === null
      ? []
      : [`before     a rebuild has begun (data: ${record.data}); this goes on with it`]),
  ]
}

function machineFound(view: NodeView, seen: MachineView | null, wish: Wish): string {
  if (seen === null)
    return wish.poweredOff ? 'machine    switched off, as you say' : 'machine    not looked at'
  const { machine, block } = seen
  const kind = hasJoined(view, machine.machine_id)
    ? 'the new one, and in the cluster already'
    : machine.machine_id === view.node?.machine_id
      ? 'the old one, not flashed anew'
      : machine.joined_before
        ? 'has been in a cluster before'
        : 'fresh'
  return `machine    ${kind}; ${wish.device} ${diskText(diskOf(view, { machine, block }, wish), block)}`
}

function ringFound(view: NodeView): string[] {
  const { ring, places } = view
  if (!places.some(({ member }) => member)) return []
  if (ring === null) return ['ring       no other member answers']
  const members = ring.views.find((one) => one.members.length > 0)?.members ?? []
  const up = members.filter(({ state }) => state === 'UN').length
  const own = memberOf(view)
  return [
    `ring       ${up} of ${members.length} members up; here ${own === undefined ? 'none' : `${own.host_id} (${own.state})`}`,
  ]
}

type DiskState = 'absent' | 'blank' | 'foreign' | 'data' | 'without'

/** What the SSD is to this node: it carries the volumes' data, is the node's but without them, or is none of its. */
export function diskOf({ volumes }: NodeView, { machine, block }: MachineView, wish: Wish): DiskState {
  const state = ownershipOf(block, wish)
  if (state !== 'own') return state
  return volumes.every(({ path }) => machine.directories.includes(path)) ? 'data' : 'without'
}

/** Whose a disk is, by what it carries. */
export function ownershipOf(
  block: BlockFact,
  { host, size }: Pick<Wish, 'host' | 'size'>,
): 'absent' | 'blank' | 'foreign' | 'own' {
  if (block === null) return 'absent'
  const { TYPE, LABEL = '', PTTYPE } = block.signature
  const used = PTTYPE !== undefined || block.partitions.length > 0 || block.traces !== '' || block.nonzero
  if (TYPE === undefined) return used ? 'foreign' : 'blank'
  const wanted = parseSize(size ?? '')
  if (wanted !== undefined && Math.abs(block.size - wanted) > wanted / 10) return 'foreign'
  return TYPE !== 'ext4' || (LABEL !== '' && LABEL !== `storage-${host}`) ? 'foreign' : 'own'
}

function diskText(state: DiskState, block: BlockFact): string {
  if (block === null) return 'is not there'
  const { TYPE = block.signature.PTTYPE ?? 'something', LABEL } = block.signature
  const what = `${TYPE}${LABEL === undefined ? '' : ` labelled ${LABEL}`}, ${sizeText(block.size)}`
  const texts = {
    absent: 'is not there',
    blank: `is blank (${sizeText(block.size)})`,
    foreign: `is not this node's: it carries ${what}`,
    data: `carries its volumes (${what})`,
    without: `is this node's, but its volumes are not on it (${what})`,
  }
  return texts[state]
}

function stepsOf(
  view: NodeView,
  seen: MachineView | null,
  { host, mount, data }: Wish,
  record: NodeRecord,
): string[] {
  const joined = seen !== null && hasJoined(view, seen.machine.machine_id)
  const lost = data === 'lost'
  const out = joined
    ? []
    : [
        ...(seen?.machine.joined_before
          ? ['stop the old agent and remove what the cluster knows it by']
          : []),
        ...(view.node === null
          ? []
          : [`keep labels, taints and annotations of ${host} aside, cordon and delete the node`]),
        ...(lost && record.host_id !== ''
          ? [`take ${record.member} (${record.host_id}) out of the ring`]
          : []),
      ]
  const back = [
    lost
      ? `prepare the machine; format the SSD if it is blank, mount it at ${mount}`
      : `prepare the machine; mount the SSD at ${mount} as it is`,
    ...(lost && record.claims.length > 0
      ? [`give up ${record.claims.map(({ name }) => name).join(', ')}`]
      : []),
    `join with k3s ${view.server_version}; wait until Ready; restore labels, taints and annotations`,
    ...record.pods.map(({ name }) => `wait for ${name}`),
    ...(record.member === ''
      ? []
      : [
          lost
            ? 'wait for its new member of the ring; clean up the others, one at a time'
            : `see that it is the same member of the ring (${record.host_id || 'id not known'})`,
        ]),
  ]
  return [...out, ...back]
}

function keptOf({ volumes }: NodeView, { data }: Wish): string[] {
  const always = 'name, labels, taints and annotations of the node'
  if (data === 'lost') return [always]
  return [...volumes.map(({ path, claim }) => `${path} (${claim.name})`), always]
}

function lostOf({ keyspaces }: NodeView, { data }: Wish, record: NodeRecord): string[] {
  if (data === 'keep') return ['what was on the SD card; it is set up anew']
  const single = (keyspaces ?? []).filter(({ copies }) => copies < 2).map(({ name }) => name)
  return [
    'what was on the SD card',
    ...record.claims.map(({ name, volume }) => `claim ${name} with volume ${volume}`),
    ...(single.length > 0 && record.member !== ''
      ? [`rows of ${single.join(', ')}, of which there is only one copy`]
      : []),
  ]
}

function refusalsOf(view: NodeView, seen: MachineView | null, wish: Wish, record: NodeRecord): Refusal[] {
  return [
    ...clusterRefusals(view, wish),
    ...machineRefusals(view, seen, wish),
    ...(wish.data === 'lost' ? lossRefusals(view, wish, record) : []),
  ]
}

function clusterRefusals(view: NodeView, { host, data }: Wish): Refusal[] {
  const { healthy, server_version, record } = view
  const refusals: Refusal[] = []
  if (!healthy)
    refusals.push({
      message: 'the k3s server is not well',
      hint: 'heal it first: provision status shows what is wrong',
    })
  if (server_version === '')
    refusals.push({
      message: "the server's version is not known: its node is not in the cluster",
      hint: 'heal the server first',
    })
  if (record?.data === 'lost' && data === 'keep')
    refusals.push({
      message: `a rebuild of ${host} with --data lost has begun: its volumes may be given up already`,
      hint: `go on with it: provision rebuild ${host} --data lost`,
    })
  return refusals
}

function machineRefusals(view: NodeView, seen: MachineView | null, wish: Wish): Refusal[] {
  const { host, data, mount, poweredOff } = wish
  if (seen === null)
    return poweredOff && view.node?.ready
      ? [{ message: `${host} is Ready: its machine is alive`, hint: 'cut its power, and wait a minute' }]
      : []
  const { machine, block } = seen
  const state = diskOf(view, { machine, block }, wish)
  const refuse = (message: string, hint: string): Refusal[] => [{ message, hint }]
  if (machine.hostname.toLowerCase() !== host.toLowerCase() && machine.joined_before)
    return refuse(`the machine at ${wish.address} calls itself ${machine.hostname}`, 'is it the right one?')
  if (state === 'absent')
    return refuse(`${host} has no ${wish.device}`, 'plug its SSD in; lsblk on the host shows what is there')
  if (state === 'foreign')
    return refuse(
      `${wish.device} of ${host} ${diskText(state, block)}; it is never formatted`,
      `plug the right disk in; if it is the right one and empty, say so on the host: wipefs -a ${wish.device}`,
    )
  if (data === 'lost') return []
  if (state === 'blank')
    return refuse(
      `the data to keep is not there: ${wish.device} of ${host} ${diskText(state, block)}`,
      `plug the old SSD in; if its data is lost: provision rebuild ${host} --data lost`,
    )
  if (state === 'without')
    return refuse(
      `the data to keep is not on the SSD of ${host}: ${missing(view, machine).join(', ')}`,
      `look below ${mount}; if it is lost: provision rebuild ${host} --data lost`,
    )
  return []
}

function missing({ volumes }: NodeView, { directories }: Machine): string[] {
  return volumes.map(({ path }) => path).filter((path) => !directories.includes(path))
}

function lossRefusals(view: NodeView, { host, acceptLoss }: Wish, record: NodeRecord): Refusal[] {
  const { ring, places, keyspaces } = view
  if (record.member === '') return []
  const refusals: Refusal[] = []
  const members = ring?.views.find((one) => one.members.length > 0)?.members ?? []
  if (ring === null || members.length === 0)
    refusals.push({
      message: `no other member of the ring answers: nobody could give ${record.member} its data back`,
      hint: 'bring the other members up first',
    })
  if (places.some(({ seed }) => seed))
    refusals.push({
      message: `${record.member} is a seed of the ring: a seed that comes empty takes no data from the others`,
      hint: 'let other members be the seeds first: change CASSANDRA_SEEDS in playbooks/files/cassandra/cassandra-statefulset.yaml, run playbooks/cassandra.yaml, then this again',
    })
  const others = members.filter(({ state, host_id }) => state !== 'UN' && host_id !== record.host_id)
  if (others.length > 0)
    refusals.push({
      message: `another member is not up (${others.map(({ address, state }) => `${address} ${state}`).join(', ')}): nobody can join the ring while that is so`,
      hint: 'heal that one first, with its data kept; several dead members are rebuilt one after the other',
    })
  const single = (keyspaces ?? []).filter(({ copies }) => copies < 2).map(({ name }) => name)
  if (!acceptLoss && ring !== null && (keyspaces === null || single.length > 0))
    refusals.push({
      message:
        keyspaces === null
          ? 'how many copies the keyspaces have could not be seen'
          : `rows of ${single.join(', ')} have no other copy: they would be lost for good`,
      hint: `if that is so be it: provision rebuild ${host} --data lost --accept-data-loss`,
    })
  if (record.host_id === '' && members.some(({ state }) => state === 'DN'))
    refusals.push({
      message: `which dead member of the ring was ${record.member} can't be told`,
      hint: 'take it out by hand: nodetool removenode HOST-ID in a living member, then run this again',
    })
  return refusals
}
