import { type Kind, kinds } from './kinds.ts'
import { noSuchPath } from './status.ts'

/** What a path of the API points at. */
export interface Target {
  kind: Kind
  namespace?: string
  name?: string
  subresource?: string
}

/** Reads `/api/v1/namespaces/NS/pods/NAME/SUB` and its relatives under /apis. */
export function parseTarget(path: string): Target {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent)
  const [root, ...rest] = parts
  const [group = '', version = ''] = root === 'api' ? ['', rest.shift()] : [rest.shift(), rest.shift()]
  const isScoped =
    rest[0] === 'namespaces' && rest.length > 2 && findKind(group, version, rest[2] ?? '') !== undefined
  const namespace = isScoped ? rest[1] : undefined
  const [plural = '', name, ...sub] = isScoped ? rest.slice(2) : rest
  const kind = findKind(group, version, plural)
  if (kind === undefined || (namespace !== undefined && !kind.namespaced)) throw noSuchPath()
  return { kind, namespace, name, subresource: sub.length === 0 ? undefined : sub.join('/') }
}

function findKind(group: string, version: string, plural: string): Kind | undefined {
  return kinds.find((kind) => kind.group === group && kind.version === version && kind.plural === plural)
}
