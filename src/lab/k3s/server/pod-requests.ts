import type { ServerResponse } from 'node:http'
import { pods } from '../api/kinds.ts'
import type { Request } from '../api/request.ts'
import type { Target } from '../api/target.ts'
import { badRequest } from '../api/status.ts'
import { type KubeletAccess, kubeletOf, relay } from './kubelets.ts'
import { containerOf } from './streams.ts'

/** `kubectl logs`: passed on to the node of the pod. */
export async function serveLogs(
  access: KubeletAccess,
  request: Request,
  target: Target,
  response: ServerResponse,
): Promise<void> {
  const { name = '', namespace = '' } = target
  const pod = access.cluster.require(pods, name, namespace)
  const container = containerOf(pod, request.query.get('container'))
  const status = (pod.status?.containerStatuses ?? []).find((one: { name: string }) => one.name === container)
  if (
    pod.spec.nodeName === undefined ||
    status?.state?.waiting?.reason === 'ContainerCreating' ||
    status === undefined
  )
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ContainerCreating`)
  const isNeverStarted = status.state?.waiting !== undefined && status.lastState?.terminated === undefined
  if (isNeverStarted && request.query.get('previous') !== 'true')
    throw badRequest(
      `container "${container}" in pod "${name}" is waiting to start: ${status.state.waiting.reason}`,
    )
  const path = `/containerLogs/${namespace}/${name}/${container}?${request.query.toString()}`
  await relay(
    access,
    kubeletOf(access, pod),
    path,
    { method: 'GET', headers: {}, body: Buffer.alloc(0) },
    response,
  )
}
