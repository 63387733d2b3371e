import { now, type Value } from '../api/object.ts'

/** State of one container, as a pod's status shows it. */
export interface ContainerState {
  name: string
  image: string
  digest?: string
  id?: string
  restarts: number
  isReady: boolean
  state: Value
  lastState: Value
}

export interface PodFacts {
  hostIP: string
  podIP?: string
  init: ContainerState[]
  containers: ContainerState[]
}

const condition = (before: Value, type: string, status: boolean, reason?: string, message?: string) => {
  const word = status ? 'True' : 'False'
  return {
    type,
    status: word,
    lastTransitionTime: before?.status === word ? before.lastTransitionTime : now(),
    ...(reason === undefined ? {} : { reason, message }),
  }
}

/** The whole status of a pod on this node. */
export function statusOf(pod: Value, facts: PodFacts): Value {
  const { hostIP, podIP, init, containers } = facts
  return {
    phase: phaseOf(pod, facts),
    hostIP,
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: pod.status?.startTime ?? now(),
    conditions: conditions(pod, facts),
    ...(init.length === 0 ? {} : { initContainerStatuses: init.map(shown) }),
    containerStatuses: containers.map(shown),
  }
}

function phaseOf(pod: Value, { init, containers }: PodFacts): string {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const ended = (one: ContainerState) => one.state.terminated !== undefined
  const failed = (one: ContainerState) => ended(one) && one.state.terminated.exitCode !== 0
  if (policy === 'Never' && init.some(failed)) return 'Failed'
  if (init.some((one) => !ended(one) || failed(one))) return 'Pending'
  if (containers.some((one) => one.state.running !== undefined)) return 'Running'
  if (containers.every(ended) && policy !== 'Always') {
    if (!containers.some(failed)) return 'Succeeded'
    if (policy === 'Never') return 'Failed'
  }
  const wasStarted = containers.every(
    (one) => one.restarts > 0 || ended(one) || one.lastState.terminated !== undefined,
  )
  return wasStarted ? 'Running' : 'Pending'
}

function conditions(pod: Value, { init, containers }: PodFacts): Value[] {
  const before = new Map<string, Value>((pod.status?.conditions ?? []).map((one: Value) => [one.type, one]))
  const waiting = containers.filter((one) => !one.isReady).map((one) => one.name)
  const isDone = containers.length > 0 && containers.every((one) => one.state.terminated?.exitCode === 0)
  const why = isDone
    ? (['PodCompleted', ''] as const)
    : (['ContainersNotReady', `containers with unready status: [${waiting.join(' ')}]`] as const)
  const isReady = waiting.length === 0
  const isInitialized = init.every((one) => one.state.terminated?.exitCode === 0)
  const names = init.filter((one) => one.state.terminated?.exitCode !== 0).map((one) => one.name)
  const incomplete = [
    'ContainersNotInitialized',
    `containers with incomplete status: [${names.join(' ')}]`,
  ] as const
  return [
    condition(before.get('Initialized'), 'Initialized', isInitialized, ...(isInitialized ? [] : incomplete)),
    condition(before.get('Ready'), 'Ready', isReady, ...(isReady ? [] : why)),
    condition(before.get('ContainersReady'), 'ContainersReady', isReady, ...(isReady ? [] : why)),
    before.get('PodScheduled') ?? condition(undefined, 'PodScheduled', true),
  ]
}

function shown(one: ContainerState): Value {
  const repository = one.image.replace(/[:@][^/]*$/, '')
  return {
    name: one.name,
    image: one.image,
    imageID: one.digest === undefined ? '' : `${repository}@${one.digest}`,
    ...(one.id === undefined ? {} : { containerID: `containerd://${one.id}` }),
    ready: one.isReady,
    started: one.state.running !== undefined,
    restartCount: one.restarts,
    lastState: one.lastState,
    state: one.state,
  }
}

export const succeeded = (pod: Value, hostIP: string): Value => ({
  ...statusOf(pod, { hostIP, init: [], containers: [] }),
  phase: 'Succeeded',
  containerStatuses: [],
})

export const failed = (reason: string, message: string): Value => ({
  phase: 'Failed',
  reason,
  message,
  startTime: now(),
})
