import { TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Output, Probe } from '../core/task.ts'
import { isObject } from './docker.ts'
import {
  answerOf,
  COLUMNS,
  type ClusterState,
  kubernetesSurvey,
  type Question,
  subjectOf,
} from './kubernetes.ts'

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
  script: '',
  parse: () => ({ state: 'absent', workloads: [] }),
}

function rowsOf(output: Output): { state: ClusterState; rows: string[][] } {
  const { state, code, stdout, stderr } = answerOf(question, output)
  if (state === 'seen' && code !== 0) throw new TaskError(`the cluster can't be asked: ${stderr}`)
  return { state, rows: state === 'seen' ? stdout.split('\n').flatMap(rowsIn) : [] }
}

/** kubectl answers by a line for each object; the API server by one for each list. */
function rowsIn(line: string): string[][] {
  if (!line.startsWith('{')) return line.includes('\t') ? [line.split('\t')] : []
  const list = JSON.parse(line) as ListAnswer
  if (list.kind === 'Table') return nodeRows(list)
  const kind = list.kind.replace(/List$/, '')
  return (list.items ?? []).map((item) =>
    COLUMNS.map((path) => (path === '.kind' ? kind : valueAt(item, path))),
  )
}

interface ListAnswer {
  kind: string
  items?: JsonObject[]
  columnDefinitions?: { name: string }[]
  rows?: { cells: (string | number)[] }[]
}

/** "Ready,SchedulingDisabled" is ready, too. */
function nodeRows({ columnDefinitions = [], rows = [] }: ListAnswer): string[][] {
  const at = (name: string) => columnDefinitions.findIndex((column) => column.name === name)
  return rows.map(({ cells }) => {
    const cell = (name: string) => String(cells[at(name)] ?? '')
    const ready = /^Ready(,|$)/.test(cell('Status')) ? 'True' : 'False'
    return ['Node', '', cell('Name'), ...Array<string>(12).fill(''), cell('Version'), ready]
  })
}

function valueAt(object: JsonObject, path: string): string {
  const value = path
    .split('.')
    .slice(1)
    .reduce<Json | undefined>((at, name) => (isObject(at) ? at[name] : undefined), object)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
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
