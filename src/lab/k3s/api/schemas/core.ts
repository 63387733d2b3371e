import {
  all,
  any,
  atomicMap,
  boolean,
  integer,
  intOrString,
  keyed,
  list,
  map,
  object,
  or,
  quantity,
  string,
} from '../schema.ts'
import { conditions, kindOf, reference } from './meta.ts'
import { claimSpec } from './pod.ts'

export const namespace = kindOf({
  spec: object({ finalizers: list() }),
  status: object({ phase: string, conditions }),
})

export const configMap = kindOf({ data: map(), binaryData: map(), immutable: boolean })

export const secret = kindOf({
  data: map(),
  stringData: map(),
  type: or(string, 'Opaque'),
  immutable: boolean,
})

export const serviceAccount = kindOf({
  secrets: keyed('name', reference.is === 'object' ? reference.fields : {}),
  imagePullSecrets: list(object({ name: string }), 'name'),
  automountServiceAccountToken: boolean,
})

export const service = kindOf({
  spec: object({
    type: or(string, 'ClusterIP'),
    ...all(
      string,
      'clusterIP externalName loadBalancerIP externalTrafficPolicy ipFamilyPolicy loadBalancerClass',
    ),
    sessionAffinity: or(string, 'None'),
    internalTrafficPolicy: string,
    selector: atomicMap(),
    ports: keyed('port protocol', {
      ...all(integer, 'port nodePort'),
      ...all(string, 'name appProtocol'),
      protocol: or(string, 'TCP'),
      targetPort: intOrString,
    }),
    ...all(list(), 'clusterIPs externalIPs ipFamilies loadBalancerSourceRanges'),
    ...all(boolean, 'publishNotReadyAddresses allocateLoadBalancerNodePorts'),
    healthCheckNodePort: integer,
    sessionAffinityConfig: any,
  }),
  status: or(object({ loadBalancer: any, conditions }), { loadBalancer: {} }),
})

export const endpoints = kindOf({ subsets: list(any) })

export const node = kindOf({
  spec: object({
    ...all(string, 'podCIDR providerID externalID'),
    podCIDRs: list(),
    unschedulable: boolean,
    taints: list(object(all(string, 'key value effect timeAdded')), 'key'),
    configSource: any,
  }),
  status: object({
    capacity: map(quantity),
    allocatable: map(quantity),
    conditions,
    addresses: keyed('type', { type: string, address: string }),
    nodeInfo: map(),
    daemonEndpoints: any,
    images: list(any),
    phase: string,
  }),
})

export const claim = kindOf({
  spec: claimSpec,
  status: or(
    object({ phase: or(string, 'Pending'), accessModes: list(), capacity: map(quantity), conditions }),
    { phase: 'Pending' },
  ),
})

export const volume = kindOf({
  spec: object({
    accessModes: list(),
    capacity: map(quantity),
    ...all(string, 'storageClassName'),
    persistentVolumeReclaimPolicy: or(string, 'Retain'),
    volumeMode: or(string, 'Filesystem'),
    mountOptions: list(),
    claimRef: reference,
    nodeAffinity: object({ required: any }),
    hostPath: object({ path: string, type: or(string, '') }),
    local: object({ path: string, fsType: string }),
    nfs: object({ server: string, path: string, readOnly: boolean }),
    csi: any,
  }),
  status: or(object(all(string, 'phase message reason')), { phase: 'Pending' }),
})

export const storageClass = kindOf({
  provisioner: string,
  parameters: map(),
  reclaimPolicy: or(string, 'Delete'),
  volumeBindingMode: or(string, 'Immediate'),
  allowVolumeExpansion: boolean,
  mountOptions: list(),
  allowedTopologies: list(any),
})

export const event = kindOf({
  involvedObject: reference,
  ...all(string, 'reason message type firstTimestamp lastTimestamp eventTime action'),
  ...all(string, 'reportingComponent reportingInstance'),
  count: integer,
  source: object({ component: string, host: string }),
  series: any,
  related: reference,
})

export const lease = kindOf({
  spec: object({
    ...all(string, 'holderIdentity acquireTime renewTime'),
    ...all(integer, 'leaseDurationSeconds leaseTransitions'),
  }),
})

export const priorityClass = kindOf({
  value: integer,
  globalDefault: boolean,
  description: string,
  preemptionPolicy: or(string, 'PreemptLowerPriority'),
})

const rules = list(object(all(list(), 'verbs apiGroups resources resourceNames nonResourceURLs')))

export const role = kindOf({ rules })
export const clusterRole = kindOf({ rules, aggregationRule: any })
export const roleBinding = kindOf({
  roleRef: object({ apiGroup: or(string, 'rbac.authorization.k8s.io'), kind: string, name: string }),
  subjects: list(object(all(string, 'kind name namespace apiGroup'))),
})
