import type { Value } from '../api/object.ts'
import { toYaml } from '../yaml.ts'

const rbac = 'rbac.authorization.k8s.io'
const system = (name: string, labels?: Value) => ({
  name,
  namespace: 'kube-system',
  ...(labels && { labels }),
})

const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: system(name) })

const binding = (name: string, role: string, subject: string) => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', name: subject, namespace: 'kube-system' }],
})

function deployment(
  name: string,
  label: Value,
  image: string,
  rest: Value = {},
  container: Value = {},
): Value {
  const spec = {
    serviceAccountName: rest.account,
    priorityClassName: 'system-cluster-critical',
    tolerations: [
      { key: 'CriticalAddonsOnly', operator: 'Exists' },
      { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
    ],
    containers: [{ name, image, ...container }],
    volumes: rest.volumes ?? [],
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: system(name, label),
    spec: { selector: { matchLabels: label }, template: { metadata: { labels: label }, spec } },
  }
}

function coredns(): Value[] {
  const label = { 'k8s-app': 'kube-dns' }
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  return [
    account('coredns'),
    deployment('coredns', label, 'rancher/mirrored-coredns-coredns:1.9.4', { account: 'coredns' }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: system('kube-dns', label),
      spec: { clusterIP: '10.43.0.10', selector: label, ports },
    },
  ]
}

const provisionerRules = [
  {
    apiGroups: [''],
    resources: ['nodes', 'persistentvolumeclaims', 'configmaps'],
    verbs: ['get', 'list', 'watch'],
  },
  { apiGroups: [''], resources: ['endpoints', 'persistentvolumes', 'pods'], verbs: ['*'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list', 'watch'] },
]

function localStorage(path: string): Value[] {
  const name = 'local-path-provisioner'
  const nodePathMap = [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: [path] }]
  return [
    account(`${name}-service-account`),
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: `${name}-role` },
      rules: provisionerRules,
    },
    binding(`${name}-bind`, `${name}-role`, `${name}-service-account`),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: system('local-path-config'),
      data: { 'config.json': `${JSON.stringify({ nodePathMap }, undefined, 2)}\n` },
    },
    deployment(
      name,
      { app: name },
      'rancher/local-path-provisioner:v0.0.23',
      {
        account: `${name}-service-account`,
        volumes: [{ name: 'config-volume', configMap: { name: 'local-path-config' } }],
      },
      { volumeMounts: [{ name: 'config-volume', mountPath: '/etc/config/' }] },
    ),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        name: 'local-path',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
  ]
}

/** The bundled manifests by the name that `disable` uses. Traefik, servicelb and metrics-server are not simulated. */
export function bundledManifests(storagePath: string): Record<string, string> {
  const text = (objects: Value[]) => objects.map((object) => `---\n${toYaml(object)}`).join('')
  return { coredns: text(coredns()), 'local-storage': text(localStorage(storagePath)) }
}
