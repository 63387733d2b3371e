import { sh } from '../base/shell.ts'
import type { Probe } from '../core/task.ts'
import { type ClusterFact, clusterProbe } from './kubectl.ts'

export type Taint = { key: string; value: string; effect: string }

/** A Node of the cluster, and what runs on it. */
export type NodeFact = {
  ready: boolean
  schedulable: boolean
  labels: Record<string, string>
  annotations: Record<string, string>
  taints: Taint[]
  version: string
  /** Pods that draining moves away, as namespace/name: not those of DaemonSets, nor static or ended ones. */
  pods: string[]
  /** Those of them that nothing would start anew. */
  unmanaged: string[]
}

/** Looks at one Node and its pods; `found` is null when there is no such Node. */
export function k8sNodeProbe(name: string): Probe<ClusterFact<NodeFact>> {
  return clusterProbe(
    `kubernetes-node:${name}`,
    [
      sh`k get node ${name} -o json || exit`,
      'echo ==',
      sh`k get pods -A --field-selector ${`spec.nodeName=${name}`} -o json`,
    ].join('\n'),
    (stdout) => {
      const [node = '', pods = ''] = stdout.split('\n==\n')
      return nodeFact(JSON.parse(node) as NodeObject, JSON.parse(pods) as { items: PodObject[] })
    },
  )
}

interface NodeObject {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] }
  status: {
    conditions?: { type: string; status: string }[]
    nodeInfo?: { kubeletVersion?: string }
  }
}
interface PodObject {
  metadata: {
    name: string
    namespace: string
    annotations?: Record<string, string>
    ownerReferences?: { kind: string }[]
  }
  status?: { phase?: string }
}

function nodeFact({ metadata, spec, status }: NodeObject, { items }: { items: PodObject[] }): NodeFact {
  return {
    ready: (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
    schedulable: spec.unschedulable !== true,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    // The taint of a cordoned node is the work of the cluster.
    taints: (spec.taints ?? [])
      .filter(({ key }) => !key.startsWith('node.kubernetes.io/'))
      .map(({ key, value = '', effect }) => ({ key, value, effect })),
    version: status.nodeInfo?.kubeletVersion ?? '',
    pods: items.filter(movesAway).map(nameOf),
    unmanaged: items.filter((pod) => movesAway(pod) && !pod.metadata.ownerReferences?.length).map(nameOf),
  }
}

function nameOf({ metadata }: PodObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

function movesAway({ metadata, status }: PodObject): boolean {
  const owners = metadata.ownerReferences ?? []
  const isStatic = metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  return !isStatic && !ended && !owners.some(({ kind }) => kind === 'DaemonSet')
}
