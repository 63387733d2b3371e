import { apiVersionOf, type Kind, kinds } from './kinds.ts'
import type { Value } from './object.ts'

const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
}))

const rootOf = (kind: Kind) => `${kind.group === '' ? 'api' : 'apis'}/${apiVersionOf(kind)}`

/**
 * The little of OpenAPI v3 that kubectl looks for before it lets the server validate: which kinds can be patched
 * with which parameters. The schemas themselves are not published.
 */
export function openapi(path: string): Value {
  if (path === '/openapi/v3') {
    const roots = [...new Set(kinds.map(rootOf))]
    return {
      paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])),
    }
  }
  const own = kinds.filter((kind) => path === `/openapi/v3/${rootOf(kind)}`)
  if (own.length === 0) return undefined
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'simulated' },
    paths: Object.fromEntries(own.map(pathOf)),
  }
}

function pathOf(kind: Kind): [string, Value] {
  const scope = kind.namespaced ? 'namespaces/{namespace}/' : ''
  const patch = {
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
    parameters,
    responses: { 200: { description: 'OK' } },
  }
  return [`/${rootOf(kind)}/${scope}${kind.plural}/{name}`, { patch }]
}
