import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect, type Run } from '../src/core/task.ts'
import { isRunning } from '../src/probe/k3s.ts'
import {
  DATA,
  INTERFACES,
  mountsFunction,
  NO_REMAINS,
  PARENTS,
  processesFunction,
  type Remains,
  remainsProbe,
  RULES,
  VOLUMES,
} from '../src/probe/k3sremains.ts'
import { type UnitFact, unitProbe } from '../src/probe/units.ts'

export default defineTask({
  name: 'k3s_reset',
  summary: 'Takes k3s off a host with all that it has left there, and never touches what is mounted.',
  args: {
    type: 'object',
    additionalProperties: false,
    properties: {
      delete_data: {
        type: 'boolean',
        default: false,
        description: `Also remove volumes of k3s's own provisioner (${VOLUMES}); a host that has some is refused otherwise.`,
      },
    },
  },
  example: `- name: No k3s
  k3s_reset: {}
`,
  returns: {},
  probes: () => ({ server: unitProbe('k3s'), agent: unitProbe('k3s-agent'), remains: remainsProbe }),
  plan({ delete_data }, { server, agent, remains }) {
    refuse(remains, delete_data)
    let left = remains
    const changes: Change[] = []
    const add = (what: Omit<Change, 'actions' | 'effects'>, run: Omit<Run, 'do'>, next: Partial<Remains>) => {
      left = { ...left, ...next }
      changes.push({ ...what, actions: [{ do: 'run', ...run }], effects: [effect(remainsProbe, left)] })
    }
    for (const [name, unit] of Object.entries({ k3s: server, 'k3s-agent': agent })) {
      if (isUp(unit)) changes.push(stop(name, unit))
    }
    const { running, mounts, interfaces, rules, paths } = remains
    // Its containers end with it, or go on: that is known only afterwards.
    if (running)
      add({ summary: 'end what k3s has started' }, { script: END, timeout: 120 }, { running: false })
    if (mounts.length > 0)
      add(listed('unmount what k3s has mounted', mounts), { script: UNMOUNT, meaning: BUSY }, { mounts: [] })
    const network = [...interfaces, ...(rules ? ['its rules of the packet filter'] : [])]
    if (network.length > 0)
      add({ summary: `remove ${network.join(', ')}` }, { script: UNPLUG }, { interfaces: [], rules: false })
    if (paths.length > 0)
      add(listed('remove k3s and its files', paths), { script: removal(paths), ...REMOVAL }, NO_REMAINS)
    return changes
  },
})

/** Whatever might be somebody's data has to be agreed to, or taken away by hand. */
function refuse({ permanent, volumes, dataDir }: Remains, deleteData: boolean): void {
  const [mount] = permanent
  if (mount !== undefined)
    throw new TaskError(
      `/etc/fstab mounts a disk at ${mount}, where k3s keeps its files`,
      `save what you need, unmount it and remove that line: umount ${mount}`,
    )
  if (dataDir !== '' && dataDir !== DATA)
    throw new TaskError(`k3s keeps its data in ${dataDir} here, not in ${DATA}: remove it by hand`)
  if (volumes.length === 0 || deleteData) return
  throw new TaskError(
    `${VOLUMES} holds ${volumes.length} ${volumes.length === 1 ? 'volume' : 'volumes'}: ${volumes.join(', ')}`,
    'save what you need of them; delete_data: true (--yes-delete-data with playbooks/reset.yaml) removes them',
  )
}

function isUp(unit: UnitFact): unit is NonNullable<UnitFact> {
  return unit !== null && (isRunning(unit.active) || unit.enabled.startsWith('enabled'))
}

function listed(summary: string, paths: string[]): Omit<Change, 'actions' | 'effects'> {
  return { summary, diff: { title: 'paths', before: `${paths.join('\n')}\n`, after: '' } }
}

function stop(name: string, unit: NonNullable<UnitFact>): Change {
  return {
    summary: `stop and disable ${name}`,
    actions: [{ do: 'run', script: sh`systemctl disable --quiet --now ${name}`, timeout: 150 }],
    effects: [effect(unitProbe(name), { ...unit, active: 'inactive', sub: 'dead', enabled: 'disabled' })],
  }
}

/** Databases get a moment to write what they hold in memory. */
const END = [
  processesFunction(),
  'kill -TERM $(processes) 2>/dev/null',
  'n=0; while [ -n "$(processes)" ] && [ $n -lt 150 ]; do n=$((n+1)); sleep 0.2; done',
  'n=0; while all=$(processes); [ -n "$all" ]; do kill -KILL $all 2>/dev/null; n=$((n+1))',
  '[ $n -lt 50 ] || { echo "these do not end:" $all >&2; exit 1; }; sleep 0.2; done',
].join('\n')

const BUSY = { 4: 'something below its directories is mounted and in use; nothing was removed' }
const REMOVAL = { meaning: BUSY, timeout: 600, atomic: true } as const

/** Blanks and backslashes are octal in mountinfo. */
const UNMOUNT = [
  mountsFunction(),
  `mounts | sed 's/\\\\\\([0-7][0-7][0-7]\\)/\\\\0\\1/g' | while read -r at; do at=$(printf %b "$at")`,
  'umount "$at" || { echo "who uses it: fuser -vm $at" >&2; exit 4; }; case $at in /run/netns/*) rm -f "$at";; esac; done',
].join('\n')

/** A whole table is put in place at once, so that no packet meets half of it. */
const UNPLUG = [
  'for port in /sys/class/net/cni0/brif/*; do [ ! -e "$port" ] || ip link delete "${port##*/}"; done',
  sh`for name in ${INTERFACES}; do [ ! -e "/sys/class/net/$name" ] || ip link delete "$name" || exit; done`,
  'for table in iptables ip6tables; do command -v $table-save >/dev/null || continue; rules=$($table-save) || exit',
  sh`! printf '%s\n' "$rules" | grep -q -E ${RULES} || printf '%s\n' "$rules" | grep -v -E ${RULES} | $table-restore || exit; done`,
].join('\n')

/** Looked at again just before: nothing may be mounted between the look and the removal. */
function removal(paths: string[]): string {
  return [
    mountsFunction(),
    '[ -z "$(mounts)" ] || { mounts >&2; exit 4; }',
    sh`for path in ${paths}; do if [ -d "$path" ] && mountpoint -q "$path"`,
    'then find "$path" -xdev -mindepth 1 -delete || exit; else rm -rf --one-file-system -- "$path" || exit; fi; done',
    sh`for path in ${PARENTS}; do rmdir "$path" 2>/dev/null; done`,
    'systemctl daemon-reload; systemctl reset-failed k3s k3s-agent 2>/dev/null; :',
  ].join('\n')
}
