import { sh } from '../base/shell.ts'
import type { WaitFor } from '../core/task.ts'
import type { Workload } from './cluster.ts'
import { CACHE, KUBECONFIG, KUBECTL } from './kubernetes.ts'
import type { NamedObject } from './manifest.ts'
import { CAUSE, CRASHES, HOPELESS } from './podtrouble.ts'

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

/** A line for each node, and for each pod of a namespace. */
const PODS = `{range .items[*]}${[
  '{.metadata.name}',
  '{.status.initContainerStatuses[*].restartCount} {.status.containerStatuses[*].restartCount}',
  '{.status.initContainerStatuses[*].state.waiting.reason} {.status.containerStatuses[*].state.waiting.reason} {.status.reason}',
  '{.status.containerStatuses[*].state.waiting.message}',
  '{.status.conditions[?(@.type=="PodScheduled")].message}',
  '{.status.conditions[?(@.type=="PodScheduled")].lastTransitionTime}',
  '{.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}',
  '{.spec.nodeName}',
  '{.metadata.labels.controller-revision-hash}',
  '{.kind}',
  '{.status.conditions[?(@.type=="Ready")].status}',
  '{.status.conditions[?(@.type=="Ready")].lastTransitionTime}',
].join('{"\\t"}')}{"\\n"}{end}`

/**
 * Times compare as text. Pods of a ReplicaSet that is replaced go by themselves, and those of a node that is down are made
 * anew elsewhere; those of a StatefulSet are not.
 */
const JUDGE = [
  'function most(list, all, i, n) { split(list, all, " "); for (i in all) if (all[i] + 0 > n) n = all[i] + 0; return n }',
  'function ours() { return kind == "deployment" ? tolower($7) ~ "^replicaset/" name "-[^-]+$" : tolower($7) == kind "/" name }',
  '$10 == "Node" { if ($11 != "True") down[$1] = $12; next }',
  '!ours() { next }',
  '{ why = $3 " " $4 " " $5; gsub(/ +/, " ", why); gsub(/^ | $/, "", why); line = $1 ($8 == "" ? "" : " on " $8) ": " why }',
  '{ gone = $8 in down && $11 != "True"; if (gone) { why = "its node is not Ready since " down[$8]; line = $1 " on " $8 ": " why } }',
  `{ hopeless = (gone && kind != "deployment" && down[$8] < limit) || $3 ~ /${HOPELESS}/ || ($3 ~ /CrashLoopBackOff/ && most($2) >= ${CRASHES}) || ($5 != "" && $6 < limit) }`,
  '{ old = current != "" && current != (kind == "deployment" ? substr($7, 12) : $9) }',
  'hopeless && old && kind == "deployment" { hopeless = 0 }',
  'hopeless { if (lost++ < 3) print line (old ? "; it is of the former template, and stays until it is deleted: k3s kubectl delete pod " $1 " -n " namespace : ""); next }',
  'why != "" { late[++n] = line }',
  'END { if (lost > 3) print lost - 3 " more like these"; if (lost) exit 3; for (i = 1; i <= n && i <= 5; i++) print late[i] }',
].join('\n')

const REPLICASETS =
  '{range .items[*]}{.metadata.annotations.deployment\\.kubernetes\\.io/revision} {.metadata.ownerReferences[0].name} {.metadata.name}{"\\n"}{end}'

const FUNCTIONS = [
  kubectlFunction(),
  CAUSE,
  // A pod without a node, or whose node is down, may still get it while others end or the node comes back.
  "limit=$(date -u -d '-5 min' +%Y-%m-%dT%H:%M:%SZ)",
  sh`judge() { printf '%s\n' "$pods" | awk -F '\t' -v kind="` +
    '${1%/*}" -v name="${1#*/}" -v namespace="$2"' +
    sh` -v current="$3" -v limit="$limit" ${JUDGE}; }`,
  'current() { case $1 in',
  sh`deployment/*) k get replicasets -n "$2" -o jsonpath=${REPLICASETS} | sort -n | awk -v name="` +
    "${1#*/}\" '$2 == name { last = $3 } END { print last }';;",
  'statefulset/*) k get "$1" -n "$2" -o jsonpath={.status.updateRevision};; esac; }',
  // Without --watch=false it would block; with it, the exit code says nothing.
  'look() {',
  'said=$(k rollout status "$1" -n "$2" --watch=false) || exit 1',
  'case $said in *"successfully rolled out"*|*"roll out complete"*|*"rolling update complete"*) return;; esac',
  sh`pods=$(k get nodes,pods -n "$2" -o jsonpath=${PODS}) || exit 1`,
  `case $said in *"to be observed"*) pods=;; esac`,
  'told=$(judge "$1" "$2" "") || told=$(judge "$1" "$2" "$(current "$1" "$2")") || {',
  `printf '%s\\n' "$told" >&2; cause "\${told%%[ :]*}" "$2" "$told" >&2; exit 3; }`,
  // Of several lines, the last is shown while one waits.
  'printf "%s\\n" "$said" >&2; [ -z "$told" ] || printf "%s\\n" "$told" >&2; exit 1; }',
]

/** Defines k as the kubectl of the k3s server on this host. */
export function kubectlFunction(): string {
  return `export KUBECONFIG=${KUBECONFIG}; k() { ${KUBECTL} --cache-dir=${CACHE} "$@"; }`
}
