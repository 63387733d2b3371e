import type { Host } from '../host.ts'
import { log } from '../log.ts'
import { times } from '../times.ts'
import type { Client } from './client.ts'

const path = (node: string) => `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`

/** Renews the node's lease for ever. `lost` is called after each renewal that failed. */
export function beat(client: Client, host: Host, lost: () => void): void {
  let wasLost = false
  const renew = async () => {
    try {
      await renewLease(client, host)
      if (wasLost) log.info(`connection to ${client.url} is back`)
      wasLost = false
    } catch (error) {
      if (!wasLost) log.error(`failed to update lease, error: ${(error as Error).message}`)
      wasLost = true
      lost()
    }
    setTimeout(renew, times.heartbeat)
  }
  void renew()
}

async function renewLease(client: Client, host: Host): Promise<void> {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: host.nodeName, namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: host.nodeName,
      leaseDurationSeconds: 40,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    },
  }
  const reply = await client.call('PUT', path(host.nodeName), lease)
  if (reply.code !== 404) return
  await client.call('POST', path(host.nodeName).replace(/\/[^/]+$/, ''), lease)
}
