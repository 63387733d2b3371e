import type { KubeObject, Value } from '../api/object.ts'
import { expressionMatches } from '../api/selectors.ts'

/** True when a node selector term, as affinity and volumes have them, holds for the node. */
export function termMatches(term: Value, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {}
  const fields = { 'metadata.name': node.metadata.name }
  return (
    (term.matchExpressions ?? []).every((expression: Value) => expressionMatches(expression, labels)) &&
    (term.matchFields ?? []).every((expression: Value) => expressionMatches(expression, fields))
  )
}

/** The pod's nodeSelector and required node affinity. */
export function fitsNode(spec: Value, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {}
  const wanted = Object.entries<string>(spec.nodeSelector ?? {})
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    (required === undefined || required.nodeSelectorTerms.some((term: Value) => termMatches(term, node)))
  )
}

/** Taints that keep the pod from being placed, other than preferences. */
export function untolerated(spec: Value, node: KubeObject): Value[] {
  const taints: Value[] = (node.spec?.taints ?? []).filter(
    (taint: Value) => taint.effect !== 'PreferNoSchedule',
  )
  return taints.filter((taint) => !(spec.tolerations ?? []).some((one: Value) => tolerates(one, taint)))
}

export const toleratesTaints = (spec: Value, node: KubeObject) => untolerated(spec, node).length === 0

export function tolerates(toleration: Value, taint: Value): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '')
}
