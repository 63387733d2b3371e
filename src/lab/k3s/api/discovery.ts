import { k3sVersion } from '../announce.ts'
import { apiVersionOf, type Kind, kinds } from './kinds.ts'
import type { Value } from './object.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

const groups = [...new Set(kinds.map((kind) => kind.group))].filter((group) => group !== '')
const versionOf = (group: string) => kinds.find((kind) => kind.group === group)?.version ?? 'v1'

/** Answers the paths by which a client learns what there is; undefined for other paths. */
export function discover(path: string): Value {
  if (path === '/version') return versionInfo()
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupInfo) }
  const [, root, group = '', version] = path.split('/')
  if (root === 'api' && group === 'v1' && version === undefined) return resources('')
  if (root !== 'apis' || !groups.includes(group)) return undefined
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupInfo(group) }
  return path === `/apis/${group}/${versionOf(group)}` ? resources(group) : undefined
}

function groupInfo(group: string): Value {
  const version = { groupVersion: `${group}/${versionOf(group)}`, version: versionOf(group) }
  return { name: group, versions: [version], preferredVersion: version }
}

function resources(group: string): Value {
  const own = kinds.filter((kind) => kind.group === group)
  const groupVersion = own[0] === undefined ? 'v1' : apiVersionOf(own[0])
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: own.flatMap(entries) }
}

function entries(kind: Kind): Value[] {
  const main = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs,
    ...(kind.short.length === 0 ? {} : { shortNames: kind.short }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
  }
  const below = (name: string, rest: Value) => ({
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...rest,
  })
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] }
  return [
    main,
    ...(kind.status ? [below('status', { kind: kind.kind, verbs: ['get', 'patch', 'update'] })] : []),
    ...(kind.scale ? [below('scale', scale)] : []),
    ...(extra[kind.id] ?? []).map(([name, rest]) => below(name, rest)),
  ]
}

const extra: Record<string, [string, Value][]> = {
  pods: [
    ['eviction', { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] }],
    ['binding', { kind: 'Binding', verbs: ['create'] }],
  ],
  serviceaccounts: [
    ['token', { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] }],
  ],
}

function versionInfo(): Value {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(k3sVersion) ?? []
  return {
    major,
    minor,
    gitVersion: k3sVersion,
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '2022-11-18T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
}
