import type { Taint } from './k8snode.ts'
import type { NodeView } from './nodeview.ts'

/**
 * What is known of a node before it is rebuilt. It lies in the cluster until the rebuild is done, so that any later run can
 * go on with it, from whichever machine.
 */
export type NodeRecord = {
  data: 'keep' | 'lost'
  /** Of the Node object that is replaced; empty where there was none. */
  uid: string
  labels: Record<string, string>
  annotations: Record<string, string>
  taints: Taint[]
  schedulable: boolean
  /** Other nodes that take pods; while volumes are made anew they do not. */
  elsewhere: string[]
  /** Pods of StatefulSets with their volumes on the node. */
  pods: { namespace: string; name: string }[]
  claims: { namespace: string; name: string; uid: string; volume: string; pod: string }[]
  /** Its member of the ring of Cassandra; empty where it has none. */
  member: string
  /** That member's host id; empty where it is not known. */
  host_id: string
}

export function recordName(node: string): string {
  return `provision-rebuild-${node}`
}

/** The record as a manifest: a ConfigMap. */
export function recordText(node: string, record: NodeRecord): string {
  // In single quotes YAML takes everything as it is, but for the quotes themselves.
  const data = `'${JSON.stringify(record).replaceAll("'", "''")}'`
  return [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    `  name: ${recordName(node)}`,
    '  namespace: kube-system',
    'data:',
    `  record: ${data}`,
    '',
  ].join('\n')
}

/** The record of an earlier run, brought up to `data`; else a new one of what is there. */
export function recordOf(view: NodeView, data: NodeRecord['data']): NodeRecord {
  const { record, node, places, volumes } = view
  const host_id = memberOf(view)?.host_id ?? ''
  if (record !== null) return { ...record, data, host_id: record.host_id || host_id }
  return {
    data,
    uid: node?.uid ?? '',
    labels: node?.labels ?? {},
    annotations: node?.annotations ?? {},
    taints: node?.taints ?? [],
    schedulable: node?.schedulable ?? true,
    elsewhere: view.elsewhere,
    pods: places.map(({ namespace, pod }) => ({ namespace, name: pod })),
    claims: volumes
      .filter(({ claim }) => claim.uid !== '')
      .map(({ name, claim: { namespace, name: claim, uid } }) => ({
        namespace,
        name: claim,
        uid,
        volume: name,
        pod: places.find((one) => one.namespace === namespace && one.claim === claim)?.pod ?? '',
      })),
    member: places.find((one) => one.member)?.pod ?? '',
    host_id,
  }
}

/** Whether each claim that a pod uses has been made anew on the node since the rebuild began. */
export function isRemade({ claims }: NodeRecord, { volumes }: NodeView): boolean {
  return claims
    .filter(({ pod }) => pod !== '')
    .every(({ namespace, name, uid }) =>
      volumes.some(({ claim }) => claim.namespace === namespace && claim.name === name && claim.uid !== uid),
    )
}

/** The member of the ring that ran on the node: by the addresses of its pods, else the only one that nobody else can be. */
export function memberOf({
  node,
  ring,
  record,
  places,
}: NodeView): { host_id: string; state: string } | undefined {
  const members = ring?.views.find((one) => one.members.length > 0)?.members ?? []
  if (record !== null && record.host_id !== '') {
    const ip = ring?.pods.find(({ name }) => name === record.member)?.ip
    const left = members.find(({ host_id }) => host_id === record.host_id)
    return left ?? members.find(({ address }) => address === ip)
  }
  if (!places.some((one) => one.member)) return undefined
  const range = /^(\d+\.\d+\.\d+\.)0\/24$/.exec(node?.cidr ?? '')?.[1]
  const here = members.filter(({ address }) => range !== undefined && address.startsWith(range))
  if (here.length === 1) return here[0]
  const elsewhere = new Set(ring?.pods.filter((pod) => !isHere(pod.name, places)).map(({ ip }) => ip))
  const left = members.filter(({ address, state }) => state.startsWith('D') && !elsewhere.has(address))
  return left.length === 1 ? left[0] : undefined
}

function isHere(name: string, places: NodeView['places']): boolean {
  return places.some(({ pod, member }) => member && pod === name)
}
