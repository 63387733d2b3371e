import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { k3sVersion } from './announce.ts'
import { readFile } from './files.ts'
import { die, log } from './log.ts'
import { onHost } from './paths.ts'
import { parseYaml } from './yaml.ts'

/** Values of flags by name; a flag given several times, or as a list in the file, has several. */
export type Settings = Map<string, string[]>

const shared = (
  'config token token-file data-dir node-name with-node-id node-label node-taint node-ip node-external-ip flannel-iface ' +
  'private-registry kubelet-arg kube-proxy-arg protect-kernel-defaults rootless docker snapshotter pause-image debug v ' +
  'vmodule log alsologtostderr resolv-conf container-runtime-endpoint selinux lb-server-port prefer-bundled-bin server'
).split(' ')
const ofServer = (
  'agent-token agent-token-file cluster-init cluster-reset cluster-cidr service-cidr cluster-dns cluster-domain ' +
  'bind-address https-listen-port advertise-address advertise-port tls-san disable write-kubeconfig ' +
  'write-kubeconfig-mode flannel-backend default-local-storage-path disable-agent disable-scheduler disable-network-policy ' +
  'disable-kube-proxy disable-cloud-controller disable-helm-controller kube-apiserver-arg kube-controller-manager-arg ' +
  'kube-scheduler-arg datastore-endpoint service-node-port-range secrets-encryption etcd-arg disable-apiserver ' +
  'egress-selector-mode servicelb-namespace'
).split(' ')

// Came with that release.
const isBefore = (minor: number, patch: number) => {
  const [, ownMinor = 0, ownPatch = 0] = /^v1\.(\d+)\.(\d+)/.exec(k3sVersion)?.map(Number) ?? []
  return ownMinor < minor || (ownMinor === minor && ownPatch < patch)
}
if (isBefore(25, 5)) shared.splice(shared.indexOf('prefer-bundled-bin'), 1)

const known = { server: new Set([...shared, ...ofServer]), agent: new Set(shared) }
const aliases: Record<string, string> = {
  t: 'token',
  s: 'server',
  c: 'config',
  d: 'data-dir',
  'no-deploy': 'disable',
}
const variables: Record<string, string> = {
  K3S_TOKEN: 'token',
  K3S_TOKEN_FILE: 'token-file',
  K3S_URL: 'server',
  K3S_NODE_NAME: 'node-name',
  K3S_DATA_DIR: 'data-dir',
  K3S_KUBECONFIG_MODE: 'write-kubeconfig-mode',
  K3S_AGENT_TOKEN: 'agent-token',
}

/** What the flags, the environment and the configuration files say, in this order of precedence. */
export function readSettings(command: 'server' | 'agent', argv: string[]): Settings {
  const flags = readFlags(command, argv)
  const file = flags.get('config')?.[0] ?? process.env.K3S_CONFIG_FILE ?? '/etc/rancher/k3s/config.yaml'
  const merged: Settings = readFiles(command, file)
  for (const [variable, name] of Object.entries(variables)) {
    const value = process.env[variable]
    if (value !== undefined && value !== '') merged.set(name, [value])
  }
  for (const [name, values] of flags) merged.set(name, values)
  // On a server K3S_URL would mean joining another server.
  return merged
}

const isSwitch = (name: string) =>
  /^(disable-|cluster-(init|reset)$|with-node-id$|rootless$|docker$|debug$|selinux$|secrets-encryption$|protect-)/.test(
    name,
  )

function readFlags(command: 'server' | 'agent', argv: string[]): Settings {
  const flags: Settings = new Map()
  for (let index = 0; index < argv.length; index += 1) {
    const [, given = '', inline] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(argv[index] ?? '') ?? []
    const name = aliases[given] ?? given
    if (!known[command].has(name)) die(`flag provided but not defined: -${given || argv[index]}`)
    const value = inline ?? (isSwitch(name) ? 'true' : (argv[(index += 1)] ?? ''))
    flags.set(name, [...(flags.get(name) ?? []), value])
  }
  return flags
}

function readFiles(command: 'server' | 'agent', file: string): Settings {
  const merged: Settings = new Map()
  for (const path of [onHost(file), ...dropIns(onHost(`${file}.d`))]) {
    const text = readFile(path)
    if (text !== undefined) readOne(command, path, text, merged)
  }
  return merged
}

function dropIns(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(directory, name))
  } catch {
    return []
  }
}

function readOne(command: 'server' | 'agent', path: string, text: string, merged: Settings): void {
  let content: unknown
  try {
    content = parseYaml(text) ?? {}
  } catch (error) {
    die(`failed to parse ${path}: ${(error as Error).message}`)
  }
  for (const [given, value] of Object.entries(content as Record<string, unknown>)) {
    const isAdded = given.endsWith('+')
    const plain = isAdded ? given.slice(0, -1) : given
    const name = aliases[plain] ?? plain
    if (!known[command].has(name)) {
      log.warn(`Unknown flag --${name} found in config.yaml, skipping`)
      continue
    }
    const values = [value].flat().map(String)
    merged.set(name, isAdded ? [...(merged.get(name) ?? []), ...values] : values)
  }
}

export const one = (settings: Settings, name: string): string | undefined => settings.get(name)?.at(-1)

/** All values; a comma separates several in one. */
export const many = (settings: Settings, name: string): string[] =>
  (settings.get(name) ?? []).flatMap((value) => value.split(',')).filter((value) => value !== '')

/** The token, or the content of the file that is to hold it. */
export function tokenOf(settings: Settings): string | undefined {
  const file = one(settings, 'token-file')
  const text = one(settings, 'token') ?? (file === undefined ? undefined : readFile(onHost(file)))
  return text?.trim() || undefined
}
