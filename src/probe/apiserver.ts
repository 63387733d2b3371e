import { type NamedObject, objectsOf } from './manifest.ts'

/** Under which name fields are held. */
export const FIELD_MANAGER = 'provision'

/** Files of the k3s server by which its administrator is known. */
const TLS = '/var/lib/rancher/k3s/server/tls'
const SERVER = 'https://127.0.0.1:6443'

/** Parts the answers to different questions: JSON has no tabs outside of strings, and none within. */
const TAB = '\t'

/** A request to the API server, as lines of curl's configuration. */
type Request = string[]
export type Requests = Request[]

/** Nodes as a table, which is a hundredth of the size; then what the cluster keeps running. */
export function stateRequests(): Requests {
  const kinds = ['deployments', 'statefulsets', 'daemonsets']
  const nodes = [
    option('url', `${SERVER}/api/v1/nodes?includeObject=None`),
    option('header', 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io'),
  ]
  return parted([nodes, ...kinds.map((kind) => [option('url', `${SERVER}/apis/apps/v1/${kind}`)])])
}

/**
 * All objects of a manifest as they are, then as server-side apply would leave them: two answers, which are the same
 * to the byte where nothing would change. Undefined where only kubectl can tell which objects are meant.
 */
export function applyRequests(text: string, force: boolean): Requests | undefined {
  const paths = pathsOf(text)
  if (paths === undefined) return undefined
  const query = `dryRun=All&fieldManager=${FIELD_MANAGER}&force=${force}`
  const reads = paths.map(({ path }) => [option('url', `${SERVER}${path}`)])
  const writes = paths.map(({ path, body }) => [
    option('url', `${SERVER}${path}?${query}`),
    option('request', 'PATCH'),
    option('header', 'Content-Type: application/apply-patch+yaml'),
    option('header', 'Expect:'),
    option('data-binary', body),
  ])
  return [...parted(reads), ...parted(writes)]
}

/** The requests after each other on one connection; the first that fails ends them all. */
export function curlConfig(requests: Requests): string {
  const common = [
    'fail',
    'max-time = 30',
    option('noproxy', '*'),
    // The API server indents what it sends to curl.
    option('user-agent', FIELD_MANAGER),
    option('cacert', `${TLS}/server-ca.crt`),
    option('cert', `${TLS}/client-admin.crt`),
    option('key', `${TLS}/client-admin.key`),
  ]
  return requests.map((request) => [...common, ...request].join('\n')).join('\nnext\n')
}

function option(name: string, value: string): string {
  return `${name} = ${JSON.stringify(value)}`
}

function parted(requests: Requests): Requests {
  return requests.map((request, at) => [
    ...request,
    option('write-out', at === requests.length - 1 ? TAB : '\n'),
  ])
}

/** Kinds that every cluster knows, by their names in paths. */
const NAMESPACED: Record<string, string> = {
  v1: 'configmaps endpoints limitranges persistentvolumeclaims pods resourcequotas secrets serviceaccounts services',
  'apps/v1': 'daemonsets deployments replicasets statefulsets',
  'autoscaling/v2': 'horizontalpodautoscalers',
  'batch/v1': 'cronjobs jobs',
  'networking.k8s.io/v1': 'ingresses networkpolicies',
  'policy/v1': 'poddisruptionbudgets',
  'rbac.authorization.k8s.io/v1': 'rolebindings roles',
}
const CLUSTERWIDE: Record<string, string> = {
  v1: 'namespaces persistentvolumes',
  'apiextensions.k8s.io/v1': 'customresourcedefinitions',
  'networking.k8s.io/v1': 'ingressclasses',
  'rbac.authorization.k8s.io/v1': 'clusterrolebindings clusterroles',
  'scheduling.k8s.io/v1': 'priorityclasses',
  'storage.k8s.io/v1': 'csidrivers storageclasses',
}

/** What curl's configuration and a reading by lines can't be trusted with: control characters, directives of YAML. */
const ODD = /(?![\t\n])\p{Cc}|^\.\.\.|^%|^---[ \t]+[^#\s]/mu

function pathsOf(text: string): { path: string; body: string }[] | undefined {
  const objects = objectsOf(text)
  const documents = text.split(/^---(?:[ \t].*)?$/m).filter((document) => /^[^#\n]*[^#\s]/m.test(document))
  if (ODD.test(text) || documents.length !== objects.length || objects.length === 0) return undefined
  const paths = objects.flatMap((object) => {
    const path = pathOf(object)
    return path === undefined || !/^[#\w]/.test(object.text) ? [] : [{ path, body: object.text }]
  })
  return paths.length === objects.length ? paths : undefined
}

function pathOf({ kind, name, namespace, text }: NamedObject): string | undefined {
  const version = /^apiVersion:[ \t]*["']?([\w./]+)["']?[ \t]*(?:#.*)?$/m.exec(text)?.[1] ?? ''
  const words = kind.toLowerCase()
  const among = (table: Record<string, string>) =>
    (table[version] ?? '')
      .split(' ')
      .find((plural) => [words, `${words}s`, `${words}es`, words.replace(/y$/, 'ies')].includes(plural))
  const root = version === 'v1' ? '/api/v1' : `/apis/${version}`
  const [within, beyond] = [among(NAMESPACED), among(CLUSTERWIDE)]
  if (![name, namespace || 'default'].every((word) => /^[a-z0-9][a-z0-9.:-]*$/.test(word))) return undefined
  if (within !== undefined) return `${root}/namespaces/${namespace || 'default'}/${within}/${name}`
  return beyond === undefined || namespace !== '' ? undefined : `${root}/${beyond}/${name}`
}
