import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { User } from '../api/auth.ts'
import { pods } from '../api/kinds.ts'
import type { KubeObject } from '../api/object.ts'
import { requireAccess } from '../api/rbac.ts'
import { ApiError, badRequest, noSuchPath, statusOf } from '../api/status.ts'
import { parseTarget } from '../api/target.ts'
import { type KubeletAccess, kubeletOf, tunnel } from './kubelets.ts'

const streamed = ['exec', 'attach', 'portforward']

/** Serves `kubectl exec`, `attach` and `port-forward`: finds the pod's node and connects both. */
export async function serveStream(
  access: KubeletAccess,
  user: User,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const url = new URL(message.url ?? '/', 'https://k3s')
  const { kind, name = '', namespace = '', subresource = '' } = parseTarget(url.pathname)
  if (kind !== pods || !streamed.includes(subresource)) throw noSuchPath()
  const { store } = access.cluster
  // The real one has taken both methods of the stream for the creation of one since it knew them.
  const verb = message.method === 'GET' ? 'get' : 'create'
  requireAccess(store, user, { verb, group: '', resource: `pods/${subresource}`, namespace, name })
  const pod = access.cluster.require(pods, name, namespace)
  const container = containerOf(pod, url.searchParams.get('container'))
  const path = `/${subresource}/${namespace}/${name}/${container}?${url.searchParams.toString()}`
  await tunnel(access, kubeletOf(access, pod), path, message, socket, head)
}

/** The container meant: the one named, or the only one, or the first. */
export function containerOf(pod: KubeObject, named: string | null): string {
  const all: string[] = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((one) => one.name)
  const chosen =
    named ??
    pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ??
    pod.spec.containers[0].name
  if (!all.includes(chosen)) throw badRequest(`container ${chosen} is not valid for pod ${pod.metadata.name}`)
  return chosen
}

/** Answers a request for a stream that can't be had. */
export function refuseStream(socket: Duplex, error: unknown): void {
  const known = error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error))
  const body = JSON.stringify(statusOf(known))
  const head = `HTTP/1.1 ${known.code} ${known.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`
  socket.end(head + body)
}
