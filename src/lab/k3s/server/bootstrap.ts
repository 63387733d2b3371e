import type { Cluster } from '../api/cluster.ts'
import { kindOfObject } from '../api/kinds.ts'
import type { Value } from '../api/object.ts'

const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
const reading = ['get', 'list', 'watch']
const rbac = 'rbac.authorization.k8s.io/v1'

const role = (name: string, rules: Value) => ({
  apiVersion: rbac,
  kind: 'ClusterRole',
  metadata: { name },
  rules,
})
const anyOf = (verbs: string[]) => [
  { apiGroups: ['', 'apps', 'policy', 'storage.k8s.io'], resources: ['*'], verbs },
]
const priority = (name: string, value: number) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
})

const objects: Value[] = [
  ...['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  })),
  role('cluster-admin', all),
  role('admin', anyOf(['*'])),
  role('edit', anyOf(['*'])),
  role('view', anyOf(reading)),
  {
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'cluster-admin' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:masters' }],
  },
  priority('system-cluster-critical', 2_000_000_000),
  priority('system-node-critical', 2_000_001_000),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: { clusterIP: '10.43.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] },
  },
]

/** Makes what every cluster has from its first start on. */
export function bootstrap(cluster: Cluster): void {
  for (const object of objects) {
    const kind = kindOfObject(object)
    if (kind === undefined) throw new Error(`no kind for ${object.kind}`)
    const { name, namespace } = object.metadata
    if (cluster.store.get(kind, name, namespace) === undefined) cluster.create(object)
  }
}
