import type { Value } from '../api/object.ts'
import { now } from '../api/object.ts'
import { k3sVersion } from '../announce.ts'
import type { Host } from '../host.ts'
import { log } from '../log.ts'
import { many, type Settings } from '../settings.ts'
import type { Client } from './client.ts'

export interface Registration {
  host: Host
  settings: Settings
  isServer: boolean
}

/** Makes the Node object, or brings the status of an existing one up to date. Returns it. */
export async function registerNode(client: Client, registration: Registration): Promise<Value> {
  const { host } = registration
  const path = `/api/v1/nodes/${host.nodeName}`
  const made = await client.call('POST', '/api/v1/nodes', nodeObject(registration))
  if (made.code === 201) {
    log.info(`Successfully registered node ${host.nodeName}`)
    return JSON.parse(made.text)
  }
  if (made.code !== 409) throw new Error(`unable to register node ${host.nodeName}: ${made.text}`)
  const identity = { annotations: annotations(registration), labels: labels(registration) }
  const type = { 'content-type': 'application/merge-patch+json' }
  await client.call('PATCH', path, { metadata: identity }, type)
  const reply = await client.call('PATCH', `${path}/status`, { status: nodeStatus(host) }, type)
  return JSON.parse(reply.text)
}

/** Tells the server again that the node is ready, after it had given it up. */
export async function renewStatus(client: Client, host: Host): Promise<void> {
  const type = { 'content-type': 'application/merge-patch+json' }
  await client.call('PATCH', `/api/v1/nodes/${host.nodeName}/status`, { status: nodeStatus(host) }, type)
}

function labels({ host, isServer }: Registration): Record<string, string> {
  const roles = { 'node-role.kubernetes.io/control-plane': 'true', 'node-role.kubernetes.io/master': 'true' }
  return {
    'beta.kubernetes.io/arch': host.architecture,
    'beta.kubernetes.io/instance-type': 'k3s',
    'beta.kubernetes.io/os': 'linux',
    'egress.k3s.io/cluster': 'true',
    'kubernetes.io/arch': host.architecture,
    'kubernetes.io/hostname': host.nodeName,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': 'k3s',
    ...(isServer ? roles : {}),
  }
}

const annotations = ({ host }: Registration): Record<string, string> => ({
  'flannel.alpha.coreos.com/backend-type': 'vxlan',
  'flannel.alpha.coreos.com/public-ip': host.address,
  'k3s.io/hostname': host.nodeName,
  'k3s.io/internal-ip': host.address,
})

/** Labels and taints of the settings count only here, at the first registration. */
function nodeObject(registration: Registration): Value {
  const { host, settings } = registration
  const own = many(settings, 'node-label').map((label) => label.split('=', 2) as [string, string])
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: host.nodeName,
      labels: { ...labels(registration), ...Object.fromEntries(own) },
      annotations: annotations(registration),
    },
    spec: { providerID: `k3s://${host.nodeName}`, ...taints(settings) },
    status: nodeStatus(host),
  }
}

/** Reads `key=value:Effect`. */
function taints(settings: Settings): Value {
  const found = many(settings, 'node-taint').map((text) => /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text))
  const list = found
    .filter((match) => match !== null)
    .map(([, key, value, effect]) => ({ key, value, effect }))
  return list.length === 0 ? {} : { taints: list }
}

function nodeStatus(host: Host): Value {
  const capacity = {
    cpu: String(host.cpus),
    memory: `${Math.floor(host.memory / 1024)}Ki`,
    'ephemeral-storage': '30G',
    pods: '110',
  }
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: 'InternalIP', address: host.address },
      { type: 'Hostname', address: host.nodeName },
    ],
    conditions: conditions(),
    daemonEndpoints: { kubeletEndpoint: { Port: host.kubeletPort } },
    nodeInfo: {
      machineID: host.machineId,
      systemUUID: host.machineId,
      bootID: host.bootId,
      kernelVersion: host.kernel,
      osImage: host.osImage,
      containerRuntimeVersion: 'containerd://1.6.8-k3s1',
      kubeletVersion: k3sVersion,
      kubeProxyVersion: k3sVersion,
      operatingSystem: 'linux',
      architecture: host.architecture,
    },
  }
}

function conditions(): Value[] {
  const at = now()
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: at,
    lastTransitionTime: at,
  })
  return [
    condition(
      'MemoryPressure',
      'False',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status (simulated)'),
  ]
}
