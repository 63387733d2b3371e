import { join } from 'node:path'

/** Prefix of every path, so that tests can run whole clusters in a temporary directory. Empty on a node. */
const root = process.env.K3S_SIM_ROOT ?? ''

/** A path of the node as the simulation sees it. */
export function onHost(path: string): string {
  return root === '' ? path : join(root, path)
}

export interface Paths {
  /** /var/lib/rancher/k3s/server */
  server: string
  /** /var/lib/rancher/k3s/agent */
  agent: string
}

export function pathsOf(dataDir: string): Paths {
  return { server: onHost(join(dataDir, 'server')), agent: onHost(join(dataDir, 'agent')) }
}

export const nodePasswordFile = '/etc/rancher/node/password'
export const registriesFile = '/etc/rancher/k3s/registries.yaml'
export const kubeconfigFile = '/etc/rancher/k3s/k3s.yaml'
export const subnetFile = '/run/flannel/subnet.env'
