import type { Value } from '../api/object.ts'
import { times } from '../times.ts'
import type { Trouble } from './pull.ts'
import type { Unit } from './unit.ts'

/** A pull that fails is reported once in full, then as a pause before the next one. */
export function waitingFor(error: Trouble, unit: Unit, isImage: boolean): Value {
  if (error.reason === 'FailedMount') return { reason: 'ContainerCreating' }
  const before = unit.state.waiting?.reason
  if (isImage && (before === 'ErrImagePull' || before === 'ImagePullBackOff'))
    return { reason: 'ImagePullBackOff', message: `Back-off pulling image "${unit.spec.image}"` }
  return { reason: error.reason, message: error.message }
}

/** Time until a container that ended so many times in a row is started again, in ms. */
export const pauseAfter = (crashes: number) =>
  Math.min(times.backoff * 2 ** Math.max(0, crashes - 1), times.backoff * 30)

/** By the pod's restart policy. */
export function mayRestart(pod: Value, unit: Unit): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const code = unit.state.terminated?.exitCode
  return code === undefined || policy === 'Always' || (policy === 'OnFailure' && code !== 0)
}
