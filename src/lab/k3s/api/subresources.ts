import { issuer, issueToken } from './auth.ts'
import type { Cluster } from './cluster.ts'
import { budgets, pods, serviceAccounts } from './kinds.ts'
import { copy, now, type KubeObject, type Value } from './object.ts'
import { jsonPatch, mergePatch } from './patch.ts'
import { type Answer, isDryRun, parseBody, type Request } from './request.ts'
import { selectorMatches } from './selectors.ts'
import { ApiError, noSuchPath, notSimulated } from './status.ts'
import type { Target } from './target.ts'
import { optionsFor } from './writes.ts'

/** Paths below an object other than its status. `key` signs tokens. */
export function subresource(cluster: Cluster, request: Request, target: Target, key: string): Answer {
  const { kind, subresource: name } = target
  if (name === 'scale' && kind.scale) return scale(cluster, request, target)
  if (kind === serviceAccounts && name === 'token') return token(cluster, request, target, key)
  if (kind === pods && name === 'eviction') return evict(cluster, request, target)
  if (kind === pods && name === 'binding') return bind(cluster, request, target)
  if (
    kind === pods &&
    name !== undefined &&
    /^(exec|attach|portforward|log|proxy|ephemeralcontainers)/.test(name)
  ) {
    throw notSimulated(`there is no ${name} of a pod`)
  }
  throw noSuchPath()
}

function scaleOf(object: KubeObject): Value {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const labels: Record<string, string> = object.spec.selector?.matchLabels ?? {}
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: object.spec.replicas },
    status: {
      replicas: object.status?.replicas ?? 0,
      selector: Object.entries(labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(','),
    },
  }
}

function scale(cluster: Cluster, request: Request, target: Target): Answer {
  const live = cluster.require(target.kind, target.name ?? '', target.namespace)
  if (request.method === 'GET') return { code: 200, body: scaleOf(live) }
  const body = parseBody(request)
  const isJsonPatch = (request.headers['content-type'] ?? '').startsWith('application/json-patch')
  const wanted =
    request.method === 'PUT'
      ? body
      : isJsonPatch
        ? jsonPatch(scaleOf(live), body)
        : mergePatch(scaleOf(live), body)
  const draft = copy(live)
  draft.metadata.resourceVersion = body.metadata?.resourceVersion ?? draft.metadata.resourceVersion
  draft.spec.replicas = wanted.spec.replicas
  return { code: 200, body: scaleOf(cluster.update(target.kind, draft, optionsFor(request, target))) }
}

function token(cluster: Cluster, request: Request, target: Target, key: string): Answer {
  const account = cluster.require(serviceAccounts, target.name ?? '', target.namespace)
  const { spec = {} } = parseBody(request) ?? {}
  const seconds = spec.expirationSeconds ?? 3600
  if (seconds < 600) {
    throw new ApiError(
      422,
      'Invalid',
      `spec.expirationSeconds: Invalid value: ${seconds}: may not specify a duration less than 10 minutes`,
    )
  }
  const audiences = spec.audiences ?? [issuer, 'k3s']
  const status = {
    token: issueToken(account, seconds, audiences, key),
    expirationTimestamp: new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const { name, namespace } = account.metadata
  const metadata = { name, namespace, creationTimestamp: now() }
  const body = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata,
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status,
  }
  return { code: 201, body }
}

/** Deletes a pod unless a disruption budget needs it. */
function evict(cluster: Cluster, request: Request, target: Target): Answer {
  const pod = cluster.require(pods, target.name ?? '', target.namespace)
  const options = parseBody(request)?.deleteOptions
  const guards = cluster.store
    .list(budgets, target.namespace)
    .filter((budget) => selectorMatches(budget.spec?.selector, pod.metadata.labels))
  if (guards.some((budget) => (budget.status?.disruptionsAllowed ?? 0) < 1)) {
    throw new ApiError(
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
    )
  }
  const dryRun = isDryRun(request, options)
  cluster.delete(pods, pod.metadata.name, pod.metadata.namespace, {
    dryRun,
    grace: options?.gracePeriodSeconds,
  })
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } }
}

function bind(cluster: Cluster, request: Request, target: Target): Answer {
  const pod = cluster.require(pods, target.name ?? '', target.namespace)
  const node = parseBody(request)?.target?.name
  cluster.change(pods, pod, (draft) => {
    draft.spec.nodeName = node
  })
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } }
}
