import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { answerOf, type ClusterState, kubernetesSurvey, type Question, subjectOf } from './kubernetes.ts'

export type NodesFact = {
  state: ClusterState
  nodes: { name: string; ready: boolean; version: string }[]
}

export type WorkloadsFact = {
  state: ClusterState
  /** Deployments, StatefulSets and DaemonSets of all namespaces. */
  workloads: Workload[]
}

export type Workload = {
  kind: string
  namespace: string
  name: string
  /** All its pods are of its present description, and ready. */
  done: boolean
}

const question: Question = { ask: 'state' }
const script = { survey: kubernetesSurvey, subject: subjectOf(question) }

/** Looks at the nodes of the cluster whose server runs on this host. */
export const nodesProbe: Probe<NodesFact> = {
  key: 'kubernetes-nodes',
  script,
  parse(output) {
    const { state, rows } = rowsOf(output)
    const nodes = rows.filter(([kind]) => kind === 'Node')
    return {
      state,
      nodes: nodes.map((row) => ({ name: row[2] ?? '', ready: row[16] === 'True', version: row[15] ?? '' })),
    }
  },
}

/** Looks at what the cluster keeps running. */
export const workloadsProbe: Probe<WorkloadsFact> = {
  key: 'kubernetes-workloads',
  script,
  parse(output) {
    const { state, rows } = rowsOf(output)
    const workloads = rows.filter(([kind]) => kind !== 'Node')
    return {
      state,
      workloads: workloads.map((row) => {
        const [kind = '', namespace = '', name = ''] = row
        return { kind, namespace, name, done: isDone(row) }
      }),
    }
  },
}

/** For a task that does not care about workloads. */
export const noWorkloadsProbe: Probe<WorkloadsFact> = {
  key: 'kubernetes-no-workloads',
  script: ':',
  parse: () => ({ state: 'absent', workloads: [] }),
}

function rowsOf(output: Output): { state: ClusterState; rows: string[][] } {
  const { state, code, stdout, stderr } = answerOf(question, output)
  if (state === 'seen' && code !== 0) throw new TaskError(`the cluster can't be asked: ${stderr}`)
  const lines = state === 'seen' ? stdout.split('\n').filter((line) => line.includes('\t')) : []
  return { state, rows: lines.map((line) => line.split('\t')) }
}

/** Absent counts are 0, an absent number of replicas is 1. */
function isDone(row: string[]): boolean {
  const [kind, , , generation, observed, replicas, ...counts] = row
  if (Number(observed) < Number(generation)) return false
  const [all, updated, ready, available, desired, updatedNodes, readyNodes] = counts.map(Number)
  const [current, next] = [row[13], row[14]]
  const wanted = replicas === '' ? 1 : Number(replicas)
  if (kind === 'DaemonSet') return updatedNodes === desired && readyNodes === desired
  if (kind === 'Deployment') return all === wanted && updated === wanted && available === wanted
  // Scaled to nothing, a StatefulSet never moves on to its next revision.
  return ready === wanted && (wanted === 0 || (updated === wanted && current === next))
}
