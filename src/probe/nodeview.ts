import { sh } from '../base/shell.ts'
import type { Probe } from '../core/task.ts'
import { type ClusterFact, clusterProbe } from './kubectl.ts'
import type { Taint } from './k8snode.ts'
import { type ClusterObjects, placesOf, type Place, serverOf, standingOf, volumesOn } from './nodeobjects.ts'
import { type NodeRecord, recordName } from './noderecord.ts'
import { parseRing, type Ring, type RingView, ringFunctions } from './ring.ts'

/** The Node of the cluster, as it stands. */
export type Standing = {
  uid: string
  ready: boolean
  /** When it became so, as the cluster writes times. */
  since: string
  boot_id: string
  machine_id: string
  version: string
  address: string
  /** Addresses of its pods, e.g. "10.42.3.0/24". */
  cidr: string
  schedulable: boolean
  labels: Record<string, string>
  annotations: Record<string, string>
  taints: Taint[]
}

/** A volume whose data lies on the node. */
export type NodeVolume = {
  name: string
  path: string
  phase: string
  claim: { namespace: string; name: string; uid: string; bound: boolean }
}

/** A pod of the node that comes back by itself once the node does. */
export type NodePod = {
  namespace: string
  name: string
  ready: boolean
  ip: string
  /** Of a ring of Cassandra. */
  member: boolean
}

/** Everything about one node that its cluster knows and that matters when its machine is replaced. */
export type NodeView = {
  healthy: boolean
  /** Version that the server runs. */
  server_version: string
  server_address: string
  node: Standing | null
  /** Names of other nodes that are not Ready. */
  late: string[]
  /** Names of other nodes that take pods. */
  elsewhere: string[]
  password: boolean
  volumes: NodeVolume[]
  pods: NodePod[]
  places: Place[]
  /** What an earlier run has put down before it changed anything. */
  record: NodeRecord | null
  /** Null where no member of a ring answers. */
  ring: RingView | null
  /** How many copies keyspaces have; null where nobody could be asked. System keyspaces are left out. */
  keyspaces: { name: string; copies: number }[] | null
}

export const RING: Ring = { namespace: 'default', labels: 'app=cassandra', container: 'cassandra' }

/** Looks at a node and at all that depends on it; `found` is null where there is no cluster, or it does not answer. */
export function nodeViewProbe(name: string, server: string): Probe<ClusterFact<NodeView>> {
  return clusterProbe(`node-view:${name}`, viewScript(name), (stdout) => viewOf(name, server, stdout))
}

const KEYSPACES = 'SELECT keyspace_name, replication FROM system_schema.keyspaces'

function viewScript(name: string): string {
  return [
    'part() { printf "\\n=> %s\\n" "$1"; }',
    'k get nodes,pods,pvc,pv,statefulsets -A -o json || exit',
    sh`part password; k get secret -n kube-system ${`${name}.node-password.k3s`} --ignore-not-found -o name || exit`,
    sh`part record; k get configmap -n kube-system ${recordName(name)} --ignore-not-found -o ${'jsonpath={.data.record}'} || exit`,
    'part health; k get --raw /readyz 2>&1',
    'part ring',
    ...ringFunctions(RING),
    `all=$(pods); printf '%s\\n' "$all"`,
    // A pod of the node itself may hang, and counts as ready for a while after its node has died.
    sh`live=$(printf '%s\n' "$all" | awk -F '\t' -v node=${name} '$4 == "True" && $3 != node { if (!n++) first = $1; last = $1 } END { if (n) print first; if (n > 1) print last }')`,
    'one=; for pod in $live; do one=$pod; echo "== $pod"; status "$pod" || echo "!! exit code $?"; done',
    'part keyspaces',
    sh`[ -z "$one" ] || k exec "$one" -n ${RING.namespace} -c ${RING.container} --request-timeout=90s -- cqlsh -e ${KEYSPACES} 2>&1; :`,
  ].join('\n')
}

function viewOf(name: string, server: string, stdout: string): NodeView {
  const [json = '', ...parts] = stdout.split(/^=> /m)
  const part = (title: string) =>
    parts
      .find((one) => one.startsWith(`${title}\n`))
      ?.slice(title.length + 1)
      .trim() ?? ''
  const objects = JSON.parse(json) as ClusterObjects
  const record = part('record')
  const ring = part('ring')
  const { node, late, elsewhere } = standingOf(objects, name)
  return {
    healthy: part('health') === 'ok',
    ...serverOf(objects, server),
    node,
    late,
    elsewhere,
    password: part('password') !== '',
    volumes: volumesOn(objects, name),
    ...placesOf(objects, name),
    record: record === '' ? null : (JSON.parse(record) as NodeRecord),
    ring: /^== /m.test(ring) ? parseRing(`${ring}\n`) : null,
    keyspaces: keyspacesOf(part('keyspaces')),
  }
}

/**
 * Whether the Node is that of the machine which takes over, made since the rebuild began, and not the one to be replaced.
 * Without a record no rebuild has begun.
 */
export function hasJoined({ node, record }: NodeView, machineId: string): boolean {
  return node !== null && record !== null && node.uid !== record.uid && node.machine_id === machineId
}

const ROW = /^\s*(\w+)\s*\|\s*\{(.*)\}\s*$/gm
const SYSTEM = /^system(_|$)/

function keyspacesOf(text: string): NodeView['keyspaces'] {
  const rows = [...text.matchAll(ROW)]
  if (rows.length === 0) return null
  return rows
    .filter(([, name = '']) => !SYSTEM.test(name))
    .map(([, name = '', options = '']) => {
      const numbers = [...options.matchAll(/'(?!class')[\w.]+'\s*:\s*'(\d+)/g)].map(([, count]) =>
        Number(count),
      )
      return { name, copies: numbers.length === 0 ? 1 : Math.min(...numbers) }
    })
}
