import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'

/** The machine that answers at a node's address. */
export type Machine = {
  boot_id: string
  machine_id: string
  hostname: string
  /** An agent of k3s is installed or has been here. */
  joined_before: boolean
  /** Its agent runs. */
  active: boolean
  /** The mount point of the SSD is mounted. */
  mounted: boolean
  /** Directories of the SSD, two levels deep, as they will be called at the mount point. */
  directories: string[]
}

const TRACES = [
  '/etc/rancher/node/password',
  '/var/lib/rancher/k3s/agent',
  '/etc/systemd/system/k3s-agent.service',
]

/** Looks at a machine and, without mounting it, at what is on its SSD. Needs root. */
export function machineProbe(device: string, mount: string): Probe<Machine> {
  return { key: `machine:${device} ${mount}`, script: machineScript(device, mount), parse: machineOf }
}

function machineScript(device: string, mount: string): string {
  return [
    'echo "boot $(cat /proc/sys/kernel/random/boot_id)"; echo "id $(cat /etc/machine-id 2>/dev/null)"',
    'echo "name $(uname -n)"; echo "agent $(systemctl is-active k3s-agent 2>/dev/null)"',
    sh`for one in ${TRACES}; do [ ! -e "$one" ] || { echo joined; break; }; done`,
    sh`if mountpoint -q ${mount}; then echo mounted`,
    sh`find ${mount} -mindepth 1 -maxdepth 2 -type d 2>/dev/null | sed 's/^/dir /'`,
    sh`elif [ -b ${device} ] && command -v debugfs >/dev/null; then`,
    // debugfs reads a filesystem without mounting it; /inode/mode/uid/gid/name/size/ are its fields.
    sh`list() { debugfs -c -R "ls -p $1" ${device} 2>/dev/null | awk -F / '$3 ~ /^04/ && $6 !~ /^[.][.]?$/ { print $6 }'; }`,
    sh`list / | while IFS= read -r one; do echo ${`dir ${mount}`}/"$one"`,
    sh`list "/$one" | while IFS= read -r two; do echo ${`dir ${mount}`}/"$one/$two"; done; done; fi; :`,
  ].join('\n')
}

function machineOf({ code, stdout, stderr }: Output): Machine {
  const lines = stdout.toString().split('\n')
  const all = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  const [boot_id = ''] = all('boot')
  if (code !== 0 || boot_id === '') throw new TaskError(`can't look at the machine: ${stderr.trim()}`)
  return {
    boot_id,
    machine_id: all('id')[0] ?? '',
    hostname: all('name')[0] ?? '',
    joined_before: lines.includes('joined'),
    active: all('agent')[0] === 'active',
    mounted: lines.includes('mounted'),
    directories: all('dir'),
  }
}
