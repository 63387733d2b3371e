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

/** A line for each pod: name, restarts, reasons and message of waiting, why it has no node, and since when. */
const PODS = [
  '{range .items[*]}{.metadata.name}{"\\t"}{.status.containerStatuses[0].restartCount}{"\\t"}',
  '{.status.containerStatuses[*].state.waiting.reason} {.status.reason}{"\\t"}',
  '{.status.containerStatuses[*].state.waiting.message}{"\\t"}',
  '{.status.conditions[?(@.type=="PodScheduled")].message}{"\\t"}',
  '{.status.conditions[?(@.type=="PodScheduled")].lastTransitionTime}{"\\n"}{end}',
].join('')

/** Reasons that time does not cure. */
export const HOPELESS =
  'ErrImageNeverPull|InvalidImageName|ImagePullBackOff|CreateContainerConfigError|OutOfmemory'

/** Shows pods that wait for something; ends with 3 when one never will get it. Times compare as text. */
const JUDGE = [
  'index($1, name "-") != 1 { next } { why = ": " $3 " " $4 " " $5; gsub(/ +/, " ", why); sub(/ $/, "", why) }',
  `$3 ~ /${HOPELESS}/ || ($3 ~ /CrashLoopBackOff/ && $2 >= 3) || ($5 != "" && $6 < limit) { print $1 why; hopeless = 1; next }`,
  '$3 ~ /[A-Z]/ || $5 != "" { if (shown++ < 5) print $1 why }',
  'END { exit hopeless ? 3 : 0 }',
].join('\n')

const FUNCTIONS = [
  kubectlFunction(),
  // A pod without a node may still get one while others end or a node comes back.
  "limit=$(date -u -d '-5 min' +%Y-%m-%dT%H:%M:%SZ)",
  // Without --watch=false it would block; with it, the exit code says nothing.
  'look() {',
  'said=$(k rollout status "$1" -n "$2" --watch=false) || exit 1',
  'case $said in *"successfully rolled out"*|*"roll out complete"*|*"rolling update complete"*) return;; esac',
  sh`pods=$(k get pods -n "$2" -o jsonpath=${PODS}) || exit 1`,
  sh`printf '%s\n' "$pods" | awk -F '\t' -v name="` +
    '${1#*/}' +
    sh`" -v limit="$limit" ${JUDGE} >&2 || exit`,
  'printf "%s\\n" "$said" >&2; exit 1; }',
]

/** Defines k as the kubectl of the k3s server on this host. */
export function kubectlFunction(): string {
  return `export KUBECONFIG=${KUBECONFIG}; k() { ${KUBECTL} --cache-dir=${CACHE} "$@"; }`
}
