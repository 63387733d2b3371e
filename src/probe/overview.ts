import { TaskError } from '../core/errors.ts'
import type { Probe } from '../core/task.ts'
import { type ClusterFact, clusterProbe } from './kubectl.ts'
import { HOPELESS } from './podtrouble.ts'

/** What the cluster is made of, as it is now. */
export type Overview = {
  nodes: OverviewNode[]
  pods: OverviewPod[]
  /** Deployments and StatefulSets. */
  workloads: { kind: string; namespace: string; name: string; wanted: number; ready: number }[]
  /** Number of PersistentVolumes. */
  volumes: number
}

export type OverviewNode = {
  name: string
  ready: boolean
  /** Why it is not ready; else empty. */
  reason: string
  schedulable: boolean
  /** Of the kubelet that runs. */
  version: string
  boot_id: string
  machine_id: string
  address: string
}

export type OverviewPod = {
  namespace: string
  name: string
  node: string
  /** `done` has ended well. `failing` will not become ready by waiting. */
  state: 'ready' | 'done' | 'starting' | 'failing'
  /** Why it is not ready; else empty. */
  reason: string
}

const COLUMNS = [
  '.kind',
  '.metadata.namespace',
  '.metadata.name',
  '.metadata.deletionTimestamp',
  '.spec.unschedulable',
  '.spec.nodeName',
  '.spec.replicas',
  '.status.readyReplicas',
  '.status.phase',
  '.status.reason',
  '.status.nodeInfo.kubeletVersion',
  '.status.nodeInfo.bootID',
  '.status.addresses',
  '.status.conditions',
  '.status.initContainerStatuses',
  '.status.containerStatuses',
  '.status.nodeInfo.machineID',
] as const

type Row = Record<(typeof COLUMNS)[number], string>

/** Lists come as JSON, which has no tabs and no line ends of its own. */
const ROWS = `{range .items[*]}${COLUMNS.map((column) => `{${column}}`).join('{"\\t"}')}{"\\n"}{end}`

const KINDS = 'nodes,pods,deployments.apps,statefulsets.apps,persistentvolumes'

/** Looks at the cluster whose server runs on this host. */
export const overviewProbe: Probe<ClusterFact<Overview>> = clusterProbe(
  'kubernetes-overview',
  `k get ${KINDS} -A --request-timeout=20s -o jsonpath='${ROWS}'`,
  readOverview,
)

/** Why a pod does not count that ran when its node was last heard of. */
export const NODE_LOST = 'its node is not Ready'

function readOverview(stdout: string): Overview {
  const rows = stdout.split('\n').filter(Boolean).map(rowOf)
  const of = (...kinds: string[]) => rows.filter((row) => kinds.includes(row['.kind']))
  const nodes = of('Node').map(nodeOf)
  const lost = new Set(nodes.filter(({ ready }) => !ready).map(({ name }) => name))
  return {
    nodes,
    pods: of('Pod')
      .map(podOf)
      .map((pod) =>
        pod.state === 'ready' && lost.has(pod.node) ? { ...pod, state: 'failing', reason: NODE_LOST } : pod,
      ),
    workloads: of('Deployment', 'StatefulSet').map((row) => ({
      kind: row['.kind'],
      namespace: row['.metadata.namespace'],
      name: row['.metadata.name'],
      wanted: row['.spec.replicas'] === '' ? 1 : Number(row['.spec.replicas']),
      ready: Number(row['.status.readyReplicas']),
    })),
    volumes: of('PersistentVolume').length,
  }
}

function rowOf(line: string): Row {
  const cells = line.split('\t')
  return Object.fromEntries(COLUMNS.map((column, at) => [column, cells[at] ?? ''])) as Row
}

function listOf<T>(text: string): T[] {
  if (text === '') return []
  try {
    return JSON.parse(text) as T[]
  } catch {
    throw new TaskError(`the cluster's answer makes no sense: ${text.slice(0, 80)}`)
  }
}

interface Condition {
  type: string
  status: string
  message?: string
}

function nodeOf(row: Row): OverviewNode {
  const ready = listOf<Condition>(row['.status.conditions']).find(({ type }) => type === 'Ready')
  const isReady = ready?.status === 'True'
  const addresses = listOf<{ type: string; address: string }>(row['.status.addresses'])
  return {
    name: row['.metadata.name'],
    ready: isReady,
    reason: isReady ? '' : (ready?.message ?? ''),
    schedulable: row['.spec.unschedulable'] !== 'true',
    version: row['.status.nodeInfo.kubeletVersion'],
    boot_id: row['.status.nodeInfo.bootID'],
    machine_id: row['.status.nodeInfo.machineID'],
    address: addresses.find(({ type }) => type === 'InternalIP')?.address ?? '',
  }
}

interface ContainerStatus {
  name: string
  ready: boolean
  state?: Partial<Record<'waiting' | 'terminated' | 'running', { reason?: string; message?: string }>>
}

function podOf(row: Row): OverviewPod {
  const { namespace, name, node } = {
    namespace: row['.metadata.namespace'],
    name: row['.metadata.name'],
    node: row['.spec.nodeName'],
  }
  return { namespace, name, node, ...stateOf(row) }
}

const CURELESS = new RegExp(`${HOPELESS}|CrashLoopBackOff`)

function stateOf(row: Row): Pick<OverviewPod, 'state' | 'reason'> {
  const phase = row['.status.phase']
  if (row['.metadata.deletionTimestamp'] !== '') return { state: 'starting', reason: 'is ending' }
  if (phase === 'Succeeded') return { state: 'done', reason: '' }
  if (phase === 'Failed') return { state: 'failing', reason: row['.status.reason'] || 'has failed' }
  const containers = listOf<ContainerStatus>(row['.status.containerStatuses'])
  if (phase === 'Running' && containers.length > 0 && containers.every(({ ready }) => ready))
    return { state: 'ready', reason: '' }
  const reason = reasonOf(row, containers)
  return { state: CURELESS.test(reason) ? 'failing' : 'starting', reason }
}

function reasonOf(row: Row, containers: ContainerStatus[]): string {
  const all = [...listOf<ContainerStatus>(row['.status.initContainerStatuses']), ...containers]
  const waiting = all.flatMap(({ state }) => state?.waiting ?? []).find(({ reason }) => reason !== undefined)
  if (waiting !== undefined) return [waiting.reason, waiting.message].filter(Boolean).join(': ')
  const unplaced = listOf<Condition>(row['.status.conditions']).find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  )
  if (unplaced !== undefined) return `has no node: ${unplaced.message ?? ''}`
  return row['.status.phase'] === 'Running' ? 'is not ready' : 'is starting'
}
