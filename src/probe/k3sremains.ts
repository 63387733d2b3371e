import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { K3S_BINARY } from './k3s.ts'
import { LINKS, pathsOf, unitOf } from './k3sfiles.ts'
import { CACHE } from './kubernetes.ts'
import { unescapeField } from './mounts.ts'

/** What there is of k3s on a host, beside its services. */
export type Remains = {
  /** Processes that its services have started go on. */
  running: boolean
  /** Mount points below its directories, and the networks of its containers. */
  mounts: string[]
  /** Mount points at or below its directories that /etc/fstab names: they are not of its making. */
  permanent: string[]
  /** Network interfaces of its pods. */
  interfaces: string[]
  /** It has rules in the packet filter. */
  rules: boolean
  /** Files and directories; a directory that is a mount point counts only when something is in it. */
  paths: string[]
  /** What is in the directory of volumes of k3s's own provisioner. */
  volumes: string[]
  /** Directory of its data where its settings name one; else empty. */
  dataDir: string
}

export const NO_REMAINS: Remains = {
  running: false,
  mounts: [],
  permanent: [],
  interfaces: [],
  rules: false,
  paths: [],
  volumes: [],
  dataDir: '',
}

export const DATA = '/var/lib/rancher/k3s'
export const VOLUMES = `${DATA}/storage`
const KUBELET = '/var/lib/kubelet'
/** Patterns of mount points that are of its making. */
const BELOW = [DATA, KUBELET, '/run/k3s'].map((path) => `${path}/*`)

/** Directories of k3s, its kubelet and its network. */
const DIRECTORIES = [
  '/etc/rancher/k3s',
  '/etc/rancher/node',
  DATA,
  KUBELET,
  '/var/lib/cni',
  '/var/log/pods',
  '/var/log/containers',
  '/run/k3s',
  '/run/flannel',
  CACHE,
  // What k3s's kubectl keeps of what it has been told.
  '/root/.kube/cache',
]

const ROLES = ['server', 'agent'] as const

const SCRIPTS = ['k3s-killall', 'k3s-uninstall', 'k3s-agent-uninstall'].map(
  (name) => `/usr/local/bin/${name}.sh`,
)

const FILES = [
  K3S_BINARY,
  ...SCRIPTS,
  ...ROLES.map(pathsOf).flatMap(({ unit, env, mounts }) => [unit, env, mounts]),
]

const SETTINGS = ROLES.map(pathsOf).flatMap(({ config, unit, env }) => [config, unit, env])

/** Removed where nothing else is in them. */
export const PARENTS = [
  '/etc/rancher',
  '/var/lib/rancher',
  '/root/.kube',
  ...ROLES.map((role) => `/etc/systemd/system/${unitOf(role)}.service.d`),
]

export const INTERFACES = ['cni0', 'flannel.1', 'flannel-v6.1', 'flannel-wg', 'flannel-wg-v6', 'kube-ipvs0']

/** Of lines that iptables-save prints; flannel is known by its comments, too. */
export const RULES = 'KUBE-|CNI-|FLANNEL|flannel'

export const remainsProbe: Probe<Remains> = {
  key: 'k3s-remains',
  script: [
    processesFunction(),
    '[ -z "$(processes)" ] || echo running',
    mountsFunction(),
    'mounts | while read -r at; do echo "mount $at"; done',
    `{ while read -r _ at _; do case $at in ${[DATA, KUBELET, ...BELOW].join('|')}) echo "permanent $at";; esac`,
    'done < /etc/fstab; } 2>/dev/null',
    sh`for name in ${INTERFACES}; do [ ! -e "/sys/class/net/$name" ] || echo "interface $name"; done`,
    'for table in iptables ip6tables; do command -v $table-save >/dev/null || continue',
    sh`! $table-save 2>/dev/null | grep -q -E ${RULES} || echo rules; done`,
    sh`for path in ${FILES}; do if [ -e "$path" ] || [ -L "$path" ]; then echo "path $path"; fi; done`,
    sh`for path in ${LINKS}; do [ "$(readlink "$path")" != k3s ] || echo "path $path"; done`,
    sh`for path in ${DIRECTORIES}; do [ -d "$path" ] || continue`,
    '[ -n "$(ls -A "$path")" ] || ! mountpoint -q "$path" || continue; echo "path $path"; done',
    sh`ls -A ${VOLUMES} 2>/dev/null | sed 's/^/volume /'`,
    sh`cat ${SETTINGS} 2>/dev/null | grep -o -E ${`(data-dir|DATA_DIR)["': =]+[^"' ]+`} | sed ${`s/.*["': =]/data /`}; :`,
  ].join('\n'),
  parse: remainsOf,
}

/** Defines processes(): the ids of all that k3s's services have started, for containers outlive their service. */
export function processesFunction(): string {
  return [
    // Where the host itself is a container of some cluster, all its processes would be taken for pods.
    'groups=\'/k3s(-agent)?[.]service\'; grep -q /kubepods /proc/1/cgroup || groups="$groups|/kubepods"',
    'processes() { for file in $(grep -l -s -E "$groups" /proc/[0-9]*/cgroup); do',
    'pid=${file#/proc/}; pid=${pid%/cgroup}; echo "$pid"; done; }',
  ].join('\n')
}

/** Defines mounts(): what is to be unmounted, deepest first, as mountinfo spells it. */
export function mountsFunction(): string {
  return [
    'mounts() { while read -r _ _ _ _ at _; do',
    `case $at in ${[...BELOW, '/run/netns/cni-*'].join('|')}) echo "$at";; esac`,
    'done < /proc/self/mountinfo | LC_ALL=C sort -r; }',
  ].join('\n')
}

function remainsOf({ code, stdout, stderr }: Output): Remains {
  if (code !== 0) throw new TaskError(`can't look for what there is of k3s: ${stderr.trim()}`)
  const lines = stdout.toString().split('\n')
  const all = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [unescapeField(line.slice(kind.length + 1))] : []))
  return {
    running: lines.includes('running'),
    mounts: all('mount'),
    permanent: all('permanent'),
    interfaces: all('interface'),
    rules: lines.includes('rules'),
    paths: all('path'),
    volumes: all('volume'),
    dataDir: all('data')[0] ?? '',
  }
}
