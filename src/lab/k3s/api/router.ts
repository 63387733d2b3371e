import type { ServerResponse } from 'node:http'
import type { Cluster } from './cluster.ts'
import type { KubeletAccess } from '../server/kubelets.ts'
import { serveLogs } from '../server/pod-requests.ts'
import { serveProxy } from '../server/proxies.ts'
import { reviewAccess } from './access-reviews.ts'
import { discover } from './discovery.ts'
import { pods, services } from './kinds.ts'
import { openapi } from './openapi.ts'
import { requireAccess } from './rbac.ts'
import { list, read, watch } from './reads.ts'
import type { Answer, Request } from './request.ts'
import { ApiError, noSuchPath, notSimulated, unauthorized } from './status.ts'
import { subresource } from './subresources.ts'
import { parseTarget, type Target } from './target.ts'
import { create, patch, remove, replace } from './writes.ts'

export interface Api {
  cluster: Cluster
  /** Signs the tokens of service accounts. */
  key: string
  kubelets: KubeletAccess
}

const health = /^\/(readyz|livez|healthz)(\/|$)/

/** Answers a request of the Kubernetes API; undefined when the answer is streamed. */
export async function route(
  api: Api,
  request: Request,
  response: ServerResponse,
): Promise<Answer | undefined> {
  if (request.user.groups.includes('system:unauthenticated')) throw unauthorized()
  if (health.test(request.path)) return { code: 200, body: 'ok' }
  const found = discover(request.path) ?? openapi(request.path)
  if (found !== undefined) return { code: 200, body: found }
  const review = reviewAccess(api.cluster.store, request)
  if (review !== undefined) return review
  if (!/^\/apis?\//.test(request.path)) throw noSuchPath()
  const target = parseTarget(request.path)
  const verb = verbOf(request, target)
  authorize(api, request, target, verb)
  if (target.kind.absent && !['list', 'watch', 'get'].includes(verb)) {
    throw notSimulated(`there are no ${target.kind.kind} objects (${target.kind.id})`)
  }
  if (verb === 'watch') {
    watch(api.cluster, request, target, response)
    return undefined
  }
  const stream = streamOf(target)
  if (stream !== undefined) {
    await stream(api.kubelets, request, target, response)
    return undefined
  }
  if (target.subresource !== undefined && target.subresource !== 'status') {
    return subresource(api.cluster, request, target, api.key)
  }
  return verbs[verb]?.(api.cluster, request, target) ?? refuseMethod()
}

/** What is passed on to a node and answered from there. */
function streamOf({ kind, subresource = '' }: Target): typeof serveLogs | undefined {
  if (kind === pods && subresource === 'log') return serveLogs
  return (kind === pods || kind === services) && /^proxy(\/|$)/.test(subresource) ? serveProxy : undefined
}

const verbs: Record<string, (cluster: Cluster, request: Request, target: Target) => Answer> = {
  get: read,
  list,
  create,
  update: replace,
  patch,
  delete: remove,
  deletecollection: removeAll,
}

function verbOf(request: Request, target: Target): string {
  const isWatch = ['1', 'true'].includes(request.query.get('watch') ?? '')
  const one: Record<string, string> = {
    GET: 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  }
  const many: Record<string, string> = { GET: 'list', POST: 'create', DELETE: 'deletecollection' }
  if (isWatch) return 'watch'
  return (target.name === undefined ? many : one)[request.method] ?? refuseMethod()
}

function refuseMethod(): never {
  throw new ApiError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  )
}

function authorize(api: Api, request: Request, target: Target, verb: string): void {
  const [below] = target.subresource?.split('/') ?? []
  const resource = [target.kind.plural, below].filter(Boolean).join('/')
  const { namespace, name } = target
  requireAccess(api.cluster.store, request.user, {
    verb,
    group: target.kind.group,
    resource,
    namespace,
    name,
  })
}

function removeAll(cluster: Cluster, request: Request, target: Target): Answer {
  const found = list(cluster, { ...request, headers: {} }, target)
  for (const item of found.body.items) {
    remove(cluster, request, { ...target, name: item.metadata.name, namespace: item.metadata.namespace })
  }
  return found
}
