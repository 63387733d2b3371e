import type { Cluster, WriteOptions } from './cluster.ts'
import { decodeApplied, decodeObject } from './decode.ts'
import { applyConfig, trackUpdate } from './managed.ts'
import { copy, type KubeObject, type Value } from './object.ts'
import { jsonPatch, mergePatch, strategicPatch } from './patch.ts'
import { type Answer, isDryRun, managerOf, parseBody, type Request } from './request.ts'
import { dropNulls, dropUnknown } from './schema.ts'
import { ApiError, badRequest, conflict } from './status.ts'
import type { Target } from './target.ts'

/** How a client's write goes: its fields are recorded as its own. */
export function optionsFor(request: Request, target: Target): WriteOptions {
  const writer = { manager: managerOf(request), subresource: target.subresource }
  return {
    dryRun: isDryRun(request),
    finish: (object, before) => {
      const managed = trackUpdate(before, object, target.kind.schema, writer)
      if (managed.length > 0) object.metadata.managedFields = managed
      else delete object.metadata.managedFields
    },
  }
}

export function create(cluster: Cluster, request: Request, target: Target): Answer {
  const body = parseBody(request)
  const warnings = decodeObject(request, target, body)
  // A node brings its own status; that of all others is the controllers'.
  if (target.kind.status && target.kind.id !== 'nodes') delete body.status
  return { code: 201, body: cluster.create(body, optionsFor(request, target)), warnings }
}

export function replace(cluster: Cluster, request: Request, target: Target): Answer {
  const body = parseBody(request)
  const warnings = decodeObject(request, target, body)
  body.metadata.name ??= target.name
  return { code: 200, body: store(cluster, request, target, body), warnings }
}

/** Stores only the part the path is for: the status under /status, all the rest elsewhere. */
function store(cluster: Cluster, request: Request, target: Target, wanted: KubeObject): KubeObject {
  const live = cluster.require(target.kind, target.name ?? '', target.namespace)
  const fresh = copy(wanted)
  if (target.subresource === 'status') {
    const { metadata } = live
    const part = { ...copy(live), status: fresh.status, metadata: { ...copy(metadata) } }
    part.metadata.resourceVersion = fresh.metadata.resourceVersion
    if (target.kind.id === 'nodes') Object.assign(part.metadata, { annotations: fresh.metadata.annotations })
    return cluster.update(target.kind, part, optionsFor(request, target))
  }
  if (target.kind.status) {
    fresh.status = live.status
    if (fresh.status === undefined) delete fresh.status
  }
  return cluster.update(target.kind, fresh, optionsFor(request, target))
}

export function patch(cluster: Cluster, request: Request, target: Target): Answer {
  const type = (request.headers['content-type'] ?? '').split(';')[0]
  if (type === 'application/apply-patch+yaml') return apply(cluster, request, target)
  const live = cluster.require(target.kind, target.name ?? '', target.namespace)
  const body = parseBody(request)
  const patched = patchWith(type, live, body, target)
  dropNulls(patched)
  const warnings = decodeObject(request, target, patched)
  return { code: 200, body: store(cluster, request, target, patched), warnings }
}

function patchWith(type: string | undefined, live: KubeObject, body: Value, target: Target): Value {
  const bare = copy(live)
  // The patch is made for the version at hand; only a version inside the patch is a condition.
  delete (bare.metadata as Value).resourceVersion
  if (type === 'application/merge-patch+json') return mergePatch(bare, body)
  if (type === 'application/strategic-merge-patch+json') return strategicPatch(bare, body, target.kind.schema)
  if (type === 'application/json-patch+json') return jsonPatch(copy(live), body)
  throw new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - ${type}`,
  )
}

function apply(cluster: Cluster, request: Request, target: Target): Answer {
  const manager = request.query.get('fieldManager')
  if (manager === null) {
    throw new ApiError(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  }
  const { kind, name = '', namespace } = target
  const config = parseBody(request)
  decodeApplied(target, config)
  dropNulls(config)
  dropUnknown(config, kind.schema)
  if (kind.status && target.subresource === undefined) delete config.status
  const live = cluster.store.get(kind, name, namespace)
  const writer = { manager, subresource: target.subresource }
  const applied = applyConfig(live, config, kind.schema, writer, request.query.get('force') === 'true')
  const options = { dryRun: isDryRun(request) }
  if (live !== undefined) return { code: 200, body: cluster.update(kind, applied, options) }
  if (config.metadata.uid !== undefined) {
    throw conflict(
      kind,
      name,
      `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`,
    )
  }
  return { code: 201, body: cluster.create(applied, options) }
}

/** Deletes one object; answers with it while it lingers, else with a Status. */
export function remove(cluster: Cluster, request: Request, target: Target): Answer {
  const body = parseBody(request)
  const { kind, name = '', namespace } = target
  const grace = request.query.get('gracePeriodSeconds') ?? body?.gracePeriodSeconds
  const object = cluster.delete(kind, name, namespace, {
    dryRun: isDryRun(request, body),
    grace: grace === undefined || grace === null ? undefined : Number(grace),
    propagation: propagationOf(request.query.get('propagationPolicy') ?? body?.propagationPolicy),
    uid: body?.preconditions?.uid,
  })
  if (cluster.store.get(kind, name, namespace) !== undefined) return { code: 200, body: object }
  const details = {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: object.metadata.uid,
  }
  return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } }
}

function propagationOf(
  policy: string | undefined | null,
): 'Background' | 'Foreground' | 'Orphan' | undefined {
  if (policy === undefined || policy === null) return undefined
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy
  throw badRequest(`invalid propagationPolicy: ${policy}`)
}
