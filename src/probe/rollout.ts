import { sh } from '../base/shell.ts'
import type { WaitFor } from '../core/task.ts'
import type { Workload } from './cluster.ts'
import { CACHE, KUBECONFIG, KUBECTL } from './kubernetes.ts'
import type { NamedObject } from './manifest.ts'

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet']

/** Whether an object brings up pods that one can wait for. */
export function rollsOut({ kind }: NamedObject): boolean {
  return KINDS.includes(kind)
}

function same(object: NamedObject, workload: Workload): boolean {
  const namespace = object.namespace || 'default'
  return workload.kind === object.kind && workload.name === object.name && workload.namespace === namespace
}

export function isRolledOut(object: NamedObject, workloads: Workload[]): boolean {
  return workloads.some((one) => one.done && same(object, one))
}

/** The workloads after these have been rolled out. */
export function withRolledOut(workloads: Workload[], objects: NamedObject[]): Workload[] {
  const others = workloads.filter((one) => !objects.some((object) => same(object, one)))
  const done = objects.map(({ kind, name, namespace }) => ({
    kind,
    name,
    namespace: namespace || 'default',
    done: true,
  }))
  return [...others, ...done]
}

/** Waits until the objects are rolled out, telling in the meantime what their pods wait for. */
export function waitForRollout(objects: NamedObject[], timeout: number): WaitFor {
  const names = objects.map(({ kind, name }) => `${kind} ${name}`).join(', ')
  const looks = objects.map(
    ({ kind, name, namespace }) => sh`look ${kind.toLowerCase()}/${name} ${namespace || 'default'}`,
  )
  return {
    do: 'wait',
    what: `${names} to roll out`,
    script: [...FUNCTIONS, ...looks].join('\n'),
    timeout,
    every: 5,
  }
}

const REASONS =
  '{range .items[*]}{.metadata.name}{" "}{.status.containerStatuses[*].state.waiting.reason}{"\\n"}{end}'

const FUNCTIONS = [
  kubectlFunction(),
  // Without --watch=false it would block; with it, the exit code says nothing.
  'look() {',
  'said=$(k rollout status "$1" -n "$2" --watch=false) || exit 1',
  'case $said in *"successfully rolled out"*|*"roll out complete"*|*"rolling update complete"*) return;; esac',
  sh`why=$(k get pods -n "$2" -o jsonpath=${REASONS}); name=` + '${1#*/}',
  'printf "%s\\n" "$why" | grep -E "^$name-.* [A-Z]" | head -n 5 >&2',
  'printf "%s\\n" "$said" >&2; exit 1; }',
]

/** Defines k as the kubectl of the k3s server on this host. */
export function kubectlFunction(): string {
  return `export KUBECONFIG=${KUBECONFIG}; k() { ${KUBECTL} --cache-dir=${CACHE} "$@"; }`
}
