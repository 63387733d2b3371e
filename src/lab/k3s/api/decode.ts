import { apiVersionOf, type Kind } from './kinds.ts'
import type { Value } from './object.ts'
import { type Request } from './request.ts'
import { dropUnknown, findMistakes } from './schema.ts'
import { ApiError, badRequest } from './status.ts'
import type { Target } from './target.ts'

/** Checks a body against its kind; returns warnings. Unknown fields are refused, warned of, or dropped, as asked. */
export function decodeObject(request: Request, target: Target, body: Value): string[] {
  const { kind } = target
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw badRequest('the body is not an object')
  body.apiVersion ??= apiVersionOf(kind)
  body.kind ??= kind.kind
  body.metadata ??= {}
  requireKind(kind, body)
  requirePlace(target, body)
  const { unknown, wrong } = findMistakes(body, kind.schema)
  if (wrong.length > 0) throw badRequest(`${cannotHandle(kind)}: ${wrong.join(', ')}`)
  if (unknown.length === 0) return []
  return settleUnknown(
    request,
    kind,
    body,
    unknown.map((path) => `unknown field "${path}"`),
  )
}

const cannotHandle = (kind: Kind) =>
  `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}`

function settleUnknown(request: Request, kind: Kind, body: Value, mistakes: string[]): string[] {
  const level = request.query.get('fieldValidation') ?? 'Warn'
  if (level === 'Strict')
    throw badRequest(`${cannotHandle(kind)}: strict decoding error: ${mistakes.join(', ')}`)
  dropUnknown(body, kind.schema)
  return level === 'Warn' ? mistakes : []
}

/** In a server-side apply unknown fields are always an error. */
export function decodeApplied(target: Target, body: Value): void {
  const { kind } = target
  if (body === null || typeof body !== 'object') throw badRequest('the body is not an object')
  requireKind(kind, body)
  body.metadata ??= {}
  if (body.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  body.metadata.name ??= target.name
  requirePlace(target, body)
  const { unknown, wrong } = findMistakes(body, kind.schema)
  const place = [body.metadata.namespace, body.metadata.name].filter(Boolean).join('/')
  const head = `failed to create typed patch object (${place}; ${apiVersionOf(kind)}, Kind=${kind.kind})`
  if (wrong.length > 0) throw new ApiError(500, 'InternalError', `${head}: .${wrong[0]}`)
  if (unknown.length > 0)
    throw new ApiError(500, 'InternalError', `${head}: .${unknown[0]}: field not declared in schema`)
}

function requireKind(kind: Kind, body: Value): void {
  if (body.apiVersion === apiVersionOf(kind) && body.kind === kind.kind) return
  throw badRequest(
    `${body.kind ?? 'an object'} in version "${body.apiVersion}" cannot be handled as a ${kind.kind}`,
  )
}

function requirePlace(target: Target, body: Value): void {
  const { name, namespace } = body.metadata
  if (target.kind.namespaced) body.metadata.namespace ??= target.namespace
  else delete body.metadata.namespace
  if (namespace !== undefined && target.kind.namespaced && namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (target.name !== undefined && name !== undefined && name !== target.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`)
  }
}
