import type { Value } from './object.ts'
import { notSimulated } from './status.ts'

/** Refuses rules that the scheduler does not know: nothing would show that a pod came to the wrong place. */
export function refuseUnknownRules(spec: Value): void {
  if (spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined)
    throw notSimulated('required podAffinity')
  const spreads: Value[] = spec.topologySpreadConstraints ?? []
  if (spreads.some((one) => (one.whenUnsatisfiable ?? 'DoNotSchedule') === 'DoNotSchedule'))
    throw notSimulated('topologySpreadConstraints that are no mere wish')
}
