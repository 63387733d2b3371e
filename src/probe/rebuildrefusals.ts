import type { Machine } from './machine.ts'
import type { NodeRecord } from './noderecord.ts'
import type { NodeView } from './nodeview.ts'
import { diskOf, diskText } from './rebuilddisk.ts'
import type { MachineView, Refusal, Wish } from './rebuildwish.ts'
import type { Member } from './ring.ts'

/** All that stands against a rebuild, each with the way out. */
export function refusalsOf(
  view: NodeView,
  seen: MachineView | null,
  wish: Wish,
  record: NodeRecord,
): Refusal[] {
  return [
    ...clusterRefusals(view, wish),
    ...orderRefusals(view, record),
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
  if (poweredOff)
    return refuse(`a machine answers at ${wish.address}: it has power`, 'leave out --powered-off')
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
  if (hasComeBack(view, members, record.host_id))
    refusals.push({
      message: `the old machine is alive again: its member ${record.member} (${record.host_id}) is up`,
      hint: `switch it off; the new one, with a blank SSD, takes its place: then run this again`,
    })
  // Its new member may be joining already.
  const own = ring?.pods.find(({ name }) => name === record.member)?.ip
  const others = members.filter(
    ({ state, host_id, address }) => state !== 'UN' && host_id !== record.host_id && address !== own,
  )
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

/** The node was let go of already, its member has been given up, and yet both are alive. */
function hasComeBack({ node, record }: NodeView, members: Member[], hostId: string): boolean {
  if (record?.data !== 'lost' || node?.ready !== true || node.uid === record.uid) return false
  return members.some(({ host_id, state }) => host_id === hostId && state === 'UN')
}

/** Pods of a StatefulSet are made in order: one waits for all before it, however well its own node is. */
function orderRefusals({ ring }: NodeView, { member }: NodeRecord): Refusal[] {
  const [, set, ordinal = '0'] = /^(.*)-(\d+)$/.exec(member) ?? []
  if (ring === null || set === undefined) return []
  const before = Array.from({ length: Number(ordinal) }, (_, index) => `${set}-${index}`)
  const pods = new Map(ring.pods.map((pod) => [pod.name, pod]))
  const late = before.find((name) => pods.get(name)?.ready !== true)
  if (late === undefined) return []
  const node = pods.get(late)?.node ?? ''
  return [
    {
      message: `${member} can come back only after ${late}, which is not ready${node === '' ? '' : ` (on ${node})`}: pods of a StatefulSet are made in order`,
      hint:
        node === ''
          ? `look: k3s kubectl describe pod ${late}`
          : `heal that one first: provision rebuild ${node}`,
    },
  ]
}
