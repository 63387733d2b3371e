import { isAllowed } from './rbac.ts'
import { type Answer, parseBody, type Request } from './request.ts'
import { badRequest, notSimulated } from './status.ts'
import type { Store } from './store.ts'

const root = '/apis/authorization.k8s.io/v1/'

/** Answers `kubectl auth can-i`; undefined for other paths. */
export function reviewAccess(store: Store, request: Request): Answer | undefined {
  if (!request.path.startsWith(root)) return undefined
  const kind = request.path.slice(root.length)
  if (kind !== 'selfsubjectaccessreviews') throw notSimulated(`access reviews of kind ${kind}`)
  const body = parseBody(request)
  const wanted = body?.spec?.resourceAttributes
  if (wanted === undefined && body?.spec?.nonResourceAttributes === undefined)
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  const { verb = '', group = '', resource = '', subresource, namespace, name } = wanted ?? {}
  const access = {
    verb,
    group,
    resource: [resource, subresource].filter(Boolean).join('/'),
    namespace: namespace || undefined,
    name: name || undefined,
  }
  const allowed = wanted === undefined || isAllowed(store, request.user, access)
  const review = {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: body.spec,
  }
  return { code: 201, body: { ...review, status: { allowed } } }
}
