import { sh } from '../base/shell.ts'
import type { WaitFor } from '../core/task.ts'
import { CAUSE, CRASHES, HOPELESS } from './podtrouble.ts'
import { kubectlFunction } from './rollout.ts'

/** What "ready" means for a kind: one line for each object, `name<TAB>value<TAB>why<TAB>restarts`, with the value wanted. */
interface Readiness {
  value: string
  wanted: string
  /** Says why it is not ready yet. */
  why?: string
}

const condition = (type: string) => `{.status.conditions[?(@.type=="${type}")].status}`
const WAITING = '{.status.containerStatuses[*].state.waiting.reason}'

/** Kinds that can be waited for, by what they are called in a manifest. */
export const READINESS: Record<string, Readiness> = {
  Pod: {
    value: condition('Ready'),
    wanted: 'True',
    why: `{.status.phase} ${WAITING} {.status.reason} {.status.conditions[?(@.type=="PodScheduled")].message}`,
  },
  Node: { value: condition('Ready'), wanted: 'True' },
  Deployment: { value: condition('Available'), wanted: 'True' },
  Job: {
    value: condition('Complete'),
    wanted: 'True',
    why: '{.status.conditions[*].reason} {.status.conditions[*].message}',
  },
  PersistentVolumeClaim: { value: '{.status.phase}', wanted: 'Bound' },
  PersistentVolume: { value: '{.status.phase}', wanted: 'Bound' },
  Namespace: { value: '{.status.phase}', wanted: 'Active' },
  APIService: { value: condition('Available'), wanted: 'True' },
}

export interface Target {
  kind: string
  namespace: string
  /** One object; else all that carry these labels. */
  name?: string
  labels?: string
}

/** kubectl's words for which objects are meant. */
export function selection({ kind, namespace, name, labels }: Target): string {
  const which = name === undefined ? sh`-l ${labels ?? ''}` : sh`${name}`
  return `${sh`${kind.toLowerCase()}`} ${which} ${sh`-n ${namespace}`} --ignore-not-found`
}

/** Prints one line for each object: its name, whether it is ready, and why it is not. */
export function readinessScript(target: Target): string {
  const { value, why = '' } = READINESS[target.kind]!
  const restarts = target.kind === 'Pod' ? '{.status.containerStatuses[0].restartCount}' : ''
  const row = `{.metadata.name}{"\\t"}${value}{"\\t"}${why}{"\\t"}${restarts}{"\\n"}`
  const path = target.name === undefined ? `{range .items[*]}${row}{end}` : row
  return `k get ${selection(target)} ${sh`-o jsonpath=${path}`}`
}

/** Ends with 0 when all are ready, with 3 when one never will be. */
const JUDGE = [
  '$1 == "" { next } { n++ } $2 == wanted { next }',
  `$3 ~ /${HOPELESS}|BackoffLimitExceeded|(^| )Failed( |$)/ || ($3 ~ /CrashLoopBackOff/ && $4 >= ${CRASHES}) { print $1 ": " $3; hopeless = 1; next }`,
  '{ late = late " " $1 " (" ($2 == "" ? "unknown" : $2) ($3 == "" ? "" : ": " $3) ")" }',
  'END { if (hopeless) exit 3; if (n < count) late = late " " n + 0 " of " count " are there"',
  'if (late != "") { print "still missing:" late; exit 1 } }',
].join('\n')

/** Waits until `count` objects are there and all of them are ready; ends early for what time does not cure. */
export function waitUntilReady(target: Target, count: number, timeout: number): WaitFor {
  const { wanted } = READINESS[target.kind]!
  return {
    do: 'wait',
    what: `${titleOf(target)} to be ready`,
    script: [
      kubectlFunction(),
      CAUSE,
      `rows=$(${readinessScript(target)}) || exit 1`,
      sh`told=$(printf '%s\n' "$rows" | awk -F '\t' -v wanted=${wanted} -v count=${count} ${JUDGE}) && exit; code=$?`,
      `printf '%s\\n' "$told" >&2`,
      ...(target.kind === 'Pod'
        ? [sh`[ $code -ne 3 ] || cause "` + '${told%%:*}' + sh`" ${target.namespace} "$told" >&2`]
        : []),
      'exit $code',
    ].join('\n'),
    timeout,
    every: 3,
  }
}

export function waitUntilGone(target: Target, timeout: number): WaitFor {
  return {
    do: 'wait',
    what: `${titleOf(target)} to be gone`,
    script: [
      kubectlFunction(),
      `left=$(k get ${selection(target)} -o name) || exit 1`,
      '[ -z "$left" ] || { echo "still there:" $left >&2; exit 1; }',
    ].join('\n'),
    timeout,
    every: 3,
  }
}

export function titleOf({ kind, name, labels }: Target): string {
  return name === undefined ? `each ${kind} with ${labels}` : `${kind} ${name}`
}
