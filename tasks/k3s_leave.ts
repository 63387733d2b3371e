import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { defineTask, effect, type Output, type Probe } from '../src/core/task.ts'

/** What an agent is known by in its cluster, and what it has set up for its pods. */
type Traces = {
  /** The unit runs, or starts at the next boot. */
  running: boolean
  processes: boolean
  mounts: string[]
  interfaces: string[]
  paths: string[]
}

/** Its password, its certificates and images, the addresses of its pods. Volumes and settings are not among them. */
const PATHS = ['/etc/rancher/node', '/var/lib/rancher/k3s/agent', '/var/lib/cni', '/run/flannel']
const INTERFACES = ['cni0', 'flannel.1', 'flannel-v6.1', 'flannel-wg']

/** Mount points of containers, deepest first. The directories themselves may be mount points of the owner's. */
const MOUNTS =
  'mounts() { awk \'$5 ~ "^(/var/lib/kubelet|/run/k3s|/var/lib/rancher/k3s/agent)/|^/run/netns/cni-" { print $5 }\' /proc/self/mountinfo | LC_ALL=C sort -r; }'

/** Containers outlive the service that has started them. */
const PROCESSES = [
  'groups=\'/k3s-agent[.]service\'; grep -q /kubepods /proc/1/cgroup || groups="$groups|/kubepods"',
  'processes() { for file in $(grep -l -s -E "$groups" /proc/[0-9]*/cgroup); do',
  'pid=${file#/proc/}; echo "${pid%/cgroup}"; done; }',
].join('\n')

const tracesProbe: Probe<Traces> = {
  key: 'k3s-traces',
  script: [
    'systemctl is-active -q k3s-agent && echo running; systemctl is-enabled -q k3s-agent 2>/dev/null && echo running',
    PROCESSES,
    '[ -z "$(processes)" ] || echo processes',
    MOUNTS,
    'mounts | sed "s/^/mount /"',
    sh`for one in ${INTERFACES}; do [ ! -e "/sys/class/net/$one" ] || echo "interface $one"; done`,
    sh`for one in ${PATHS}; do [ ! -e "$one" ] || echo "path $one"; done; :`,
  ].join('\n'),
  parse: tracesOf,
}

const NOTHING: Traces = { running: false, processes: false, mounts: [], interfaces: [], paths: [] }

export default defineTask({
  name: 'k3s_leave',
  summary:
    'Stops the k3s agent and its containers and removes what the cluster knows it by; volumes stay untouched.',
  args: { type: 'object', additionalProperties: false, properties: {} },
  example: `- name: The old node can't come back under its name
  k3s_leave: {}
`,
  returns: {},
  probes: () => ({ traces: tracesProbe }),
  plan(_, { traces }) {
    const { running, processes, mounts, interfaces, paths } = traces
    const parts = [
      ...(running || processes ? ['stop k3s-agent and its containers'] : []),
      ...(mounts.length > 0 ? [`unmount ${mounts.length} of their directories`] : []),
      ...(interfaces.length > 0 ? [`remove ${interfaces.join(', ')}`] : []),
      ...(paths.length > 0 ? [`remove ${paths.join(', ')}`] : []),
    ]
    if (parts.length === 0) return []
    return [
      {
        summary: parts.join('; '),
        actions: [{ do: 'run', script: leaveScript(), timeout: 180 }],
        effects: [effect(tracesProbe, NOTHING)],
      },
    ]
  },
})

/** Whatever can't be unmounted may be a volume, so nothing is removed then. */
function leaveScript(): string {
  return [
    'if systemctl cat k3s-agent >/dev/null 2>&1; then systemctl disable -q k3s-agent; systemctl stop k3s-agent || exit; fi',
    PROCESSES,
    // Databases write out what they hold in memory.
    'n=0; while left=$(processes); [ -n "$left" ] && [ $n -lt 60 ]; do',
    '[ $n -ne 0 ] || kill -TERM $left 2>/dev/null; [ $n -ne 50 ] || kill -KILL $left 2>/dev/null; n=$((n+1)); sleep 0.5; done',
    MOUNTS,
    'mounts | while IFS= read -r at; do umount -- "$(printf %b "$at")" || umount -l -- "$(printf %b "$at")"; done',
    'left=$(mounts); [ -z "$left" ] || { echo "still mounted: $left" >&2; exit 1; }',
    sh`for one in ${INTERFACES}; do [ ! -e "/sys/class/net/$one" ] || ip link delete "$one"; done`,
    sh`rm -rf --one-file-system -- ${PATHS}`,
  ].join('\n')
}

function tracesOf({ code, stdout, stderr }: Output): Traces {
  if (code !== 0) throw new TaskError(`can't look for what there is of k3s: ${stderr.trim()}`)
  const lines = stdout.toString().split('\n')
  const all = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  return {
    running: lines.includes('running'),
    processes: lines.includes('processes'),
    mounts: all('mount'),
    interfaces: all('interface'),
    paths: all('path'),
  }
}
