import type { ServerResponse } from 'node:http'
import { endpoints, pods, services } from '../api/kinds.ts'
import type { KubeObject, Value } from '../api/object.ts'
import type { Request } from '../api/request.ts'
import { ApiError, badRequest } from '../api/status.ts'
import type { Target } from '../api/target.ts'
import { type KubeletAccess, kubeletOf, relay } from './kubelets.ts'

/** The parts of `https:kubernetes-dashboard:8443`. */
interface Reference {
  scheme: string
  name: string
  port: string
}

function parseReference(text: string): Reference {
  const parts = text.split(':')
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  if (name === '') throw badRequest(`invalid service request "${text}"`)
  return { scheme: scheme || 'http', name, port }
}

/** Passes a request on to a pod, or to a pod behind a service, by the path of `kubectl proxy`. */
export async function serveProxy(
  access: KubeletAccess,
  request: Request,
  target: Target,
  response: ServerResponse,
): Promise<void> {
  const { path, query, method, headers, body } = request
  const inner = /^\/api\/v1\/namespaces\/[^/]+\/[^/]+\/[^/]+\/proxy(\/.*)?$/.exec(path)?.[1]
  if (inner === undefined && method === 'GET') {
    const search = query.size === 0 ? '' : `?${query.toString()}`
    response.writeHead(301, { location: `${path}/${search}` }).end()
    return
  }
  const reference = parseReference(target.name ?? '')
  const pod =
    target.kind === pods
      ? access.cluster.require(pods, reference.name, target.namespace)
      : podBehind(access, target, reference)
  const asked = new URLSearchParams({ scheme: reference.scheme, path: inner ?? '/', query: query.toString() })
  const [container] = pod.spec.containers
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^(accept|content-type|user-agent)$/.test(name)),
  )
  const to = `/http/${pod.metadata.namespace}/${pod.metadata.name}/${container.name}?${asked.toString()}`
  await relay(
    access,
    kubeletOf(access, pod),
    to,
    { method, headers: kept as Record<string, string>, body },
    response,
  )
}

function podBehind({ cluster }: KubeletAccess, target: Target, { name, port }: Reference): KubeObject {
  const service = cluster.require(services, name, target.namespace)
  const ports: Value[] = service.spec.ports ?? []
  if (port !== '' && !ports.some((one) => one.name === port || String(one.port) === port))
    throw unavailable(`no service port "${port}" found for service "${name}"`)
  const subsets: Value[] = cluster.store.get(endpoints, name, target.namespace)?.subsets ?? []
  const found = subsets
    .flatMap((one: Value) => one.addresses ?? [])
    .map((one: Value) => one.targetRef?.name)[0]
  if (found === undefined)
    throw unavailable(`no endpoints available for service ${JSON.stringify(target.name)}`)
  return cluster.require(pods, found, target.namespace)
}

const unavailable = (message: string) => new ApiError(503, 'ServiceUnavailable', message)
