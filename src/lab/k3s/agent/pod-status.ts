import { now, type Value } from '../api/object.ts'

const condition = (type: string, status: boolean, reason?: string, message?: string) => ({
  type,
  status: status ? 'True' : 'False',
  lastTransitionTime: now(),
  ...(reason === undefined ? {} : { reason, message }),
})

function conditions(pod: Value, isReady: boolean): Value[] {
  const scheduled = (pod.status?.conditions ?? []).find((one: Value) => one.type === 'PodScheduled')
  const names = pod.spec.containers.map((container: Value) => container.name).join(' ')
  const why = isReady ? [] : (['ContainersNotReady', `containers with unready status: [${names}]`] as const)
  return [
    condition('Initialized', true),
    condition('Ready', isReady, ...why),
    condition('ContainersReady', isReady, ...why),
    scheduled ?? condition('PodScheduled', true),
  ]
}

/** A pod whose containers wait for the reason given. */
export function waiting(pod: Value, host: string, reason: string, message?: string): Value {
  const state = { waiting: { reason, ...(message === undefined ? {} : { message }) } }
  return {
    phase: 'Pending',
    hostIP: host,
    startTime: pod.status?.startTime ?? now(),
    conditions: conditions(pod, false),
    containerStatuses: pod.spec.containers.map((container: Value) => ({
      name: container.name,
      image: container.image,
      imageID: '',
      ready: false,
      started: false,
      restartCount: 0,
      lastState: {},
      state,
    })),
  }
}

export interface Running {
  host: string
  podIP: string
  isReady: boolean
  digests: (string | undefined)[]
  /** How often the containers have been started again. */
  restarts: number
}

export function running(pod: Value, facts: Running): Value {
  const startedAt = now()
  return {
    phase: 'Running',
    hostIP: facts.host,
    podIP: facts.podIP,
    podIPs: [{ ip: facts.podIP }],
    startTime: pod.status?.startTime ?? startedAt,
    conditions: conditions(pod, facts.isReady),
    containerStatuses: pod.spec.containers.map((container: Value, index: number) => ({
      name: container.name,
      image: container.image,
      imageID: `${container.image.replace(/[:@][^/]*$/, '')}@${facts.digests[index]}`,
      containerID: `containerd://simulated-${pod.metadata.uid}-${index}`,
      ready: facts.isReady,
      started: true,
      restartCount: facts.restarts,
      lastState: {},
      state: { running: { startedAt } },
    })),
  }
}

export const succeeded = (pod: Value, host: string): Value => ({
  ...waiting(pod, host, 'Completed'),
  phase: 'Succeeded',
  containerStatuses: [],
})

export const failed = (reason: string, message: string): Value => ({
  phase: 'Failed',
  reason,
  message,
  startTime: now(),
})
