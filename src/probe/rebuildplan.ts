import { type NodeRecord, memberOf, recordOf } from './noderecord.ts'
import { hasJoined, type NodeView } from './nodeview.ts'
import { diskOf, diskText } from './rebuilddisk.ts'
import { refusalsOf } from './rebuildrefusals.ts'
import type { MachineView, Verdict, Wish } from './rebuildwish.ts'

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
