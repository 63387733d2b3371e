import type { Cluster } from '../api/cluster.ts'
import { endpoints, pods, services } from '../api/kinds.ts'
import { equal, type KubeObject, type Value } from '../api/object.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive, isReady } from './ownership.ts'

/** Lists behind each Service the addresses of its pods. No traffic is ever forwarded. */
export const endpointController: Controller = {
  name: 'endpoint-controller',
  watches: [services, pods],
  reconcile(cluster) {
    for (const service of cluster.store
      .list(services)
      .filter((one) => isLive(one) && one.spec.selector !== undefined)) {
      write(cluster, service, subsetsOf(cluster, service))
    }
    for (const found of cluster.store.list(endpoints)) {
      const { name, namespace } = found.metadata
      const service = cluster.store.get(services, name, namespace)
      if (service === undefined) unlessGone(() => cluster.delete(endpoints, name, namespace))
    }
  },
}

function subsetsOf(cluster: Cluster, service: KubeObject): Value[] {
  const wanted = Object.entries<string>(service.spec.selector)
  const chosen = cluster.store
    .list(pods, service.metadata.namespace)
    .filter((pod) => pod.status?.podIP !== undefined && isLive(pod))
    .filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value))
  if (chosen.length === 0) return []
  const isShown = (pod: KubeObject) => isReady(pod) || service.spec.publishNotReadyAddresses === true
  const ready = chosen.filter(isShown).map(addressOf)
  const waiting = chosen.filter((pod) => !isShown(pod)).map(addressOf)
  const ports = (service.spec.ports ?? []).map((port: Value) => ({
    ...(port.name === undefined ? {} : { name: port.name }),
    port: typeof port.targetPort === 'number' ? port.targetPort : port.port,
    protocol: port.protocol,
  }))
  return [
    {
      ...(ready.length === 0 ? {} : { addresses: ready }),
      ...(waiting.length === 0 ? {} : { notReadyAddresses: waiting }),
      ports,
    },
  ]
}

const addressOf = (pod: KubeObject): Value => ({
  ip: pod.status.podIP,
  nodeName: pod.spec.nodeName,
  ...(pod.spec.hostname === undefined ? {} : { hostname: pod.spec.hostname }),
  targetRef: {
    kind: 'Pod',
    name: pod.metadata.name,
    namespace: pod.metadata.namespace,
    uid: pod.metadata.uid,
  },
})

function write(cluster: Cluster, service: KubeObject, subsets: Value[]): void {
  const { name, namespace, labels } = service.metadata
  const found = cluster.store.get(endpoints, name, namespace)
  if (found === undefined) {
    unlessGone(() =>
      cluster.create({
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name, namespace, ...(labels && { labels }) },
        subsets,
      }),
    )
  } else if (!equal(found.subsets ?? [], subsets)) {
    cluster.change(endpoints, found, (draft) => {
      draft.subsets = subsets
    })
  }
}
