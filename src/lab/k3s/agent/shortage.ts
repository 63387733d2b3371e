import type { Value } from '../api/object.ts'
import { amount } from '../api/quantity.ts'
import type { NodeParts } from './node-parts.ts'

/** Why the kubelet rejects a pod that was not placed by the scheduler: it asks for more memory than is left. */
export function shortageOf(
  { host, pods }: NodeParts,
  pod: Value,
): { reason: string; message: string } | undefined {
  const others = pods().filter(
    (one) => one.metadata.uid !== pod.metadata.uid && !['Succeeded', 'Failed'].includes(one.status?.phase),
  )
  const asked = requested(pod)
  const used = others.reduce((sum, one) => sum + requested(one), 0)
  if (asked === 0 || used + asked <= host.memory) return undefined
  const numbers = `requested: ${asked}, used: ${used}, capacity: ${host.memory}`
  return {
    reason: 'OutOfmemory',
    message: `Pod was rejected: Node didn't have enough resource: memory, ${numbers}`,
  }
}

const requested = (pod: Value): number =>
  pod.spec.containers.reduce((sum: number, one: Value) => sum + amount(one.resources?.requests?.memory), 0)
