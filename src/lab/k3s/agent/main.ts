import { setTimeout as sleep } from 'node:timers/promises'
import type { Value } from '../api/object.ts'
import { announcement, k3sVersion } from '../announce.ts'
import { Rings } from '../cassandra/rings.ts'
import { Runtime } from '../container/runtime.ts'
import { writeFile } from '../files.ts'
import { lookAtHost, missingCgroup, type Host } from '../host.ts'
import { die, log } from '../log.ts'
import { notifyReady } from '../notify.ts'
import { onHost, pathsOf, subnetFile } from '../paths.ts'
import { one, readSettings, type Settings, tokenOf } from '../settings.ts'
import { Addresses } from './addresses.ts'
import { Client } from './client.ts'
import { beat } from './heartbeat.ts'
import { ImageStore } from './images.ts'
import { joinCluster } from './join.ts'
import { Kubelet } from './kubelet.ts'
import { listenAsKubelet } from './listener.ts'
import { listenForPrograms } from './programs.ts'
import { registerNode, renewStatus } from './node.ts'
import { readMirrors, writeContainerdConfig } from './registries.ts'
import { agentSocketDirectory } from './unit.ts'

export interface AgentStart {
  settings: Settings
  url: string
  token: string
  isServer: boolean
}

/** `k3s agent`: joins, tells systemd, and runs until it is stopped. */
export async function startAgent(argv: string[]): Promise<void> {
  log.warn(announcement)
  const settings = readSettings('agent', argv)
  log.info(`Starting k3s agent ${k3sVersion} (simulated)`)
  const url = one(settings, 'server')
  const token = tokenOf(settings)
  if (token === undefined) die('--token is required')
  if (url === undefined) die('--server is required')
  if (!url.startsWith('https://')) die(`only https:// URLs are supported, invalid scheme: ${url}`)
  const cgroup = missingCgroup()
  if (cgroup !== undefined) die(cgroup)
  await runAgent({ settings, url: url.replace(/\/+$/, ''), token, isServer: false })
  log.info('k3s agent is up and running')
  notifyReady()
}

/** Joins and registers the node; what follows runs on by itself. */
export async function runAgent(start: AgentStart): Promise<void> {
  const { settings, url, token } = start
  const host = lookAtHost(settings)
  const directory = pathsOf(one(settings, 'data-dir') ?? '/var/lib/rancher/k3s').agent
  const mirrors = readMirrors()
  writeContainerdConfig(directory, mirrors)
  const identity = await joinCluster({ url, token, host, directory })
  const client = new Client(url, identity)
  let kubelet: Kubelet | undefined
  host.kubeletPort = await listenAsKubelet(() => kubelet, identity)
  const node = await register(client, { settings, host, isServer: start.isServer })
  const podCIDR = await assignedRange(client, host, node)
  writeSubnet(podCIDR)
  kubelet = new Kubelet({
    client,
    host,
    images: new ImageStore(directory, mirrors),
    addresses: new Addresses(podCIDR),
    runtime: makeRuntime(),
    rings: new Rings(client),
    cassandras: new Map(),
  })
  listenForPrograms(onHost(agentSocketDirectory), kubelet)
  followPods(client, host, kubelet)
}

async function register(client: Client, registration: Parameters<typeof registerNode>[1]): Promise<Value> {
  for (;;) {
    try {
      return await registerNode(client, registration)
    } catch (error) {
      log.error(`Unable to register node with API server: ${(error as Error).message}`)
      await sleep(1000)
    }
  }
}

/** The server hands out the range of pod addresses a moment after the node is made. */
async function assignedRange(client: Client, host: Host, made: Value): Promise<string> {
  let node = made
  while (node.spec?.podCIDR === undefined) {
    await sleep(100)
    node = JSON.parse((await client.call('GET', `/api/v1/nodes/${host.nodeName}`)).text)
  }
  return node.spec.podCIDR
}

function writeSubnet(podCIDR: string): void {
  const lines = [
    'FLANNEL_NETWORK=10.42.0.0/16',
    `FLANNEL_SUBNET=${podCIDR.replace(/0\/24$/, '1/24')}`,
    'FLANNEL_MTU=1450',
    'FLANNEL_IPMASQ=true',
  ]
  writeFile(onHost(subnetFile), `${lines.join('\n')}\n`, 0o644)
}

/** This release was withdrawn: with it all containers are started anew whenever k3s is. */
function restarting(runtime: Runtime): Runtime {
  if (k3sVersion === 'v1.25.5+k3s1') for (const { id } of runtime.list()) runtime.remove(id)
  return runtime
}

function makeRuntime(): Runtime | undefined {
  const obstacle = Runtime.obstacle()
  if (obstacle === undefined) return restarting(new Runtime(onHost('/run/k3s/simulation/containers')))
  log.warn(`containers are not run, pods only look as if they did: ${obstacle}`)
  return undefined
}

/** Keeps the heartbeat going and two watches open: on the node's pods, and on the node itself. */
function followPods(client: Client, host: Host, kubelet: Kubelet): void {
  let link = new AbortController()
  const lost = () => {
    link.abort()
    link = new AbortController()
  }
  beat(client, host, lost)
  const pods = `/api/v1/pods?fieldSelector=spec.nodeName=${host.nodeName}`
  void forever(
    client,
    pods,
    () => link.signal,
    (items) => kubelet.keepOnly(items),
    (event) => kubelet.tell(event.type, event.object),
  )
  const self = `/api/v1/nodes?fieldSelector=metadata.name=${host.nodeName}`
  const check = (node: Value) => {
    const ready = (node.status?.conditions ?? []).find((condition: Value) => condition.type === 'Ready')
    if (ready?.status !== 'True') renewStatus(client, host).catch(() => undefined)
  }
  void forever(
    client,
    self,
    () => link.signal,
    (items) => items.forEach(check),
    (event) => {
      if (event.type === 'MODIFIED') check(event.object)
    },
  )
}

async function forever(
  client: Client,
  path: string,
  signal: () => AbortSignal,
  list: (items: Value[]) => void,
  tell: (event: { type: string; object: Value }) => void,
): Promise<void> {
  for (;;) {
    try {
      const found = JSON.parse((await client.call('GET', path)).text)
      list(found.items ?? [])
      const from = `&watch=1&resourceVersion=${found.metadata?.resourceVersion ?? 0}`
      await client.watch(`${path}${from}`, tell, signal())
    } catch {
      await sleep(1000)
    }
  }
}
