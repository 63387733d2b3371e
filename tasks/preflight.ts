import { parseSize, sizeText } from '../src/base/bytes.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, defineTask } from '../src/core/task.ts'
import { type CgroupFact, cgroupProbe } from '../src/probe/cgroups.ts'
import { type ConditionFact, conditionProbe } from '../src/probe/condition.ts'

const CHECKS = [
  'power',
  'cgroup',
  'root',
  'machine_id',
  'clock',
  'disk',
  'space',
  'modules',
  'swap',
  'architecture',
] as const

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    free: {
      type: 'object',
      additionalProperties: { type: 'string', pattern: '^\\d+(\\.\\d+)? ?[KMGTP]?i?B$' },
      default: { '/': '1GiB' },
      description:
        'Space that must be free, by path, e.g. {"/": 2GB, /mnt/storage: 50GB}. A path that is absent is passed over.',
    },
    max_skew: {
      type: 'integer',
      minimum: 1,
      default: 30,
      description: "Seconds by which the host's clock may differ from that of this machine.",
    },
    machine_ids: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description:
        'Machine ids of other hosts by their names, to find hosts that were cloned from each other.',
    },
    tolerate: {
      type: 'array',
      items: { enum: CHECKS },
      default: [],
      description: 'Findings that are told of, but do not stop the host.',
    },
  },
} as const

type Wanted = Args<typeof schema>

/** What is wrong with a host; a warning does not stop it. */
interface Finding {
  check: (typeof CHECKS)[number]
  text: string
  warning?: true
}

export default defineTask({
  name: 'preflight',
  summary:
    'Stops a host that is in no condition for k3s, and tells all that is wrong with it at once; changes nothing.',
  args: schema,
  example: `- name: Fit for k3s
  preflight:
    free: { /: 2GB }
    tolerate: [cgroup]
  register: preflight
`,
  returns: {
    warnings: {
      type: 'array',
      items: { type: 'string' },
      description: 'Findings that did not stop the host.',
    },
    not_applicable: {
      type: 'array',
      items: { type: 'string' },
      description: 'Checks that this host has nothing for, e.g. power on what is no Raspberry Pi.',
    },
    machine_id: { type: 'string', description: "The host's own id, as in /etc/machine-id." },
    skew: {
      type: 'integer',
      description: 'Seconds by which its clock is ahead; negative when it is behind.',
    },
    message: { type: 'string', description: 'The warnings as one text; absent when there is none.' },
  },
  probes: ({ free }) => ({ condition: conditionProbe(Object.keys(free)), cgroups: cgroupProbe }),
  plan(args, { condition, cgroups }) {
    const findings = findingsOf(args, condition, cgroups)
    const fatal = findings.filter((one) => !one.warning)
    if (fatal.length === 0) return []
    const [only] = findings
    if (findings.length === 1 && only !== undefined) throw new TaskError(only.text, hintFor(only))
    const list = [...fatal, ...findings.filter((one) => one.warning)]
    const lines = list.map(({ text, warning }) => `- ${text}${warning ? ' (a warning)' : ''}`)
    throw new TaskError(`${fatal.length} of ${CHECKS.length} checks failed:\n${lines.join('\n')}`)
  },
  result(args, { condition, cgroups }) {
    const warnings = findingsOf(args, condition, cgroups).map(({ text }) => text)
    return {
      warnings,
      not_applicable: notApplicable(condition),
      machine_id: condition.machineId,
      skew: condition.skew,
      ...(warnings.length === 0 ? {} : { message: warnings.join('\n') }),
    }
  },
})

function hintFor({ check }: Finding): string {
  if (check === 'clock') return 'see why it is not set: timedatectl timesync-status'
  return `where that can't be helped: tolerate: [${check}]`
}

function notApplicable({ container, throttled, disks }: ConditionFact): string[] {
  return [
    ...(throttled === null ? ['power'] : []),
    ...(container ? ['disk', 'modules', 'swap'] : []),
    ...(disks === null && !container ? ['disk by smartctl'] : []),
  ]
}

function findingsOf(args: Wanted, fact: ConditionFact, cgroups: CgroupFact): Finding[] {
  const found = [
    ...power(fact),
    ...(cgroups.memory ? [] : [memory(cgroups)]),
    ...(fact.writable ? [] : [READ_ONLY]),
    ...clones(args, fact),
    ...clock(args, fact),
    ...disks(fact),
    ...space(args, fact),
    ...kernel(fact),
    ...architecture(fact),
  ]
  return found.map((one) => (args.tolerate.includes(one.check) ? { ...one, warning: true } : one))
}

const READ_ONLY: Finding = {
  check: 'root',
  text: "/ is mounted read-only, as the kernel does after errors of the SD card: look at 'dmesg', replace the card",
}

/** Of the bits, the low ones are of now, those from 16 on of any time since the boot. */
function power({ throttled }: ConditionFact): Finding[] {
  const bits = throttled ?? 0
  const said = `(vcgencmd get_throttled: 0x${bits.toString(16)})`
  const cable = 'use a supply of 5.1 V and 3 A and its own cable; disks at its USB ports drop out first'
  if ((bits & 1) !== 0)
    return [{ check: 'power', text: `the voltage is too low right now ${said}: ${cable}` }]
  if ((bits & 0x10000) !== 0)
    return [
      { check: 'power', text: `the voltage was too low since the boot ${said}: ${cable}`, warning: true },
    ]
  if (bits === 0) return []
  return [
    { check: 'power', text: `the processor is, or was, slowed down ${said}: is it too hot?`, warning: true },
  ]
}

function memory({ kernel }: CgroupFact): Finding {
  return {
    check: 'cgroup',
    text: `the kernel ${kernel} runs without the memory cgroup, which k3s needs: the task pi_cgroups switches it on`,
  }
}

function clones({ machine_ids }: Wanted, { machineId }: ConditionFact): Finding[] {
  if (machineId === '')
    return [{ check: 'machine_id', text: '/etc/machine-id is empty: run systemd-machine-id-setup' }]
  const names = Object.keys(machine_ids).filter((name) => machine_ids[name] === machineId)
  // Its own id is among them where all hosts are given.
  if (names.length < 2) return []
  const text = `${names.join(' and ')} have the same machine id, as copies of one SD card: on all but one, remove /etc/machine-id, run systemd-machine-id-setup and restart`
  return [{ check: 'machine_id', text }]
}

/** In seconds. */
const DAY = 86_400

function clock({ max_skew }: Wanted, { skew }: ConditionFact): Finding[] {
  if (Math.abs(skew) <= max_skew) return []
  const off = Math.abs(skew) < 2 * DAY ? `${Math.abs(skew)} s` : `${Math.round(Math.abs(skew) / DAY)} days`
  const text = `its clock is ${off} ${skew > 0 ? 'ahead of' : 'behind'} this machine's: the task time_sync has it set`
  return [{ check: 'clock', text }]
}

/** What a disk at USB does when its bridge can't cope with UAS. */
const BRIDGE = /uas_|SuperSpeed|HC died/

function disks({ disks, errors, uas }: ConditionFact): Finding[] {
  const failing = (disks ?? []).filter((line) => !/: *(PASSED|OK)$/.test(line))
  return [
    ...failing.map(
      (line): Finding => ({ check: 'disk', text: `smartctl says of ${line}: save its data, replace it` }),
    ),
    ...errors.map((line): Finding => ({ check: 'disk', text: `the kernel says: ${line}`, warning: true })),
    ...(uas.length > 0 && errors.some((line) => BRIDGE.test(line)) ? [bridge(uas)] : []),
  ]
}

/** Only said: it makes the disk slower, and is the cure of some bridges only. */
function bridge(uas: string[]): Finding {
  const quirks = `usb-storage.quirks=${uas.map((one) => `${one}:u`).join(',')}`
  const text = `the disk's USB bridge may not cope with UAS; should another cable and supply not help: ${quirks} in cmdline.txt, which is slower`
  return { check: 'disk', text, warning: true }
}

/** k3s goes by the kernel, apt and docker by the programs. */
function architecture({ architecture: { programs, kernel } }: ConditionFact): Finding[] {
  if (kernel !== 'aarch64' || programs === 'arm64' || programs === '') return []
  const text = `a system of ${programs} under a 64-bit kernel: k3s runs images of arm64, docker builds those of ${programs}`
  return [{ check: 'architecture', text, warning: true }]
}

function space({ free: wanted }: Wanted, { free }: ConditionFact): Finding[] {
  return Object.entries(wanted).flatMap(([path, size]): Finding[] => {
    const [has, needs] = [free[path], parseSize(size) ?? 0]
    if (has === undefined || has >= needs) return []
    return [{ check: 'space', text: `${path} has ${sizeText(has)} left, ${size} must be free` }]
  })
}

function kernel({ missingModules, swap }: ConditionFact): Finding[] {
  const list = missingModules.join(', ')
  const found: Finding[] = []
  if (missingModules.length > 0)
    found.push({
      check: 'modules',
      text: `the running kernel has no module ${list}: restart the host if its kernel was just replaced`,
    })
  if (swap.length > 0)
    found.push({
      check: 'swap',
      text: `swap is on (${swap.join(', ')}), which wears out an SD card: swapoff -a, and disable dphys-swapfile`,
      warning: true,
    })
  return found
}
