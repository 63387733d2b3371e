import { createHash } from 'node:crypto'
import { sizeText } from '../src/base/bytes.ts'
import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect, type Probe } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { blockProbe, type Disk, nonzeroScript } from '../src/probe/block.ts'
import { examineDisk } from '../src/probe/disk.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { cleanPath, type FileFact, fileProbe, PLAIN_DIRECTORY, SOMETHING } from '../src/probe/files.ts'
import { type Fstab, fstabEntry, withEntry } from '../src/probe/fstab.ts'
import { type MountFact, mountProbe } from '../src/probe/mounts.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'device'],
  properties: {
    path: { ...absolutePath, description: 'Mount point: an absolute path. It is created when absent.' },
    device: {
      type: 'string',
      pattern: '^(/dev/[^\\u0000\\s]+|UUID=[0-9A-Fa-f-]{4,36}|LABEL=[A-Za-z0-9_.:-]{1,16})$',
      description: 'The block device with the filesystem: /dev/sda, or UUID=… or LABEL=… as in fstab.',
    },
    label: {
      type: 'string',
      pattern: '^[A-Za-z0-9_.:-]{1,16}$',
      description: 'Label that the filesystem must have; a new one gets it.',
    },
    fstype: { enum: ['ext4', 'xfs', 'vfat'], default: 'ext4', description: 'Type of the filesystem.' },
    options: {
      type: 'string',
      pattern: '^[^\\s,]+(,[^\\s,]+)*$',
      default: 'defaults,noatime,nofail,x-systemd.device-timeout=30s',
      description: 'Mount options as in fstab. With nofail the host boots without the disk, too.',
    },
    size: {
      type: 'string',
      pattern: '^\\d+(\\.\\d+)? ?[KMGTP]?i?B$',
      description:
        'Size that the device should have, e.g. "1TB"; one that differs by more than 10 % is refused.',
    },
    format: {
      enum: ['never', 'if-blank'],
      default: 'never',
      description:
        'Whether a blank device is formatted (ext4 only): without a signature, with nothing but zeros in its first 64 MiB, its last one and 63 between. Others never are.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'mount',
  summary: 'Mounts a disk by the UUID of its filesystem, now and at each boot; formats only what is blank.',
  args: schema,
  example: `- name: The SSD at /mnt/storage
  mount:
    device: /dev/sda
    path: /mnt/storage
    size: 1TB
    label: "storage-{{ inventory_hostname }}"
    format: if-blank
`,
  returns: { uuid: { type: 'string', description: 'UUID of the filesystem.' } },
  probes: (args) => ({
    block: blockProbe(deviceOf(args)),
    mount: mountProbe(args.path),
    fstab: fileProbe('/etc/fstab'),
    machine: machineProbe,
  }),
  plan(args, { block, mount, fstab, machine }) {
    const device = deviceOf(args)
    const disk = examineDisk(args, device, block, mount)
    const uuid = disk.signature.UUID ?? newUuid(machine, disk.wwid, device, args.label ?? '')
    const changes: Change[] = []
    if (isBlank(disk)) changes.push(format(args, device, disk, uuid))
    else if (args.label !== undefined && args.label !== disk.signature.LABEL)
      changes.push(nameDisk(device, disk, args.label))
    changes.push(...planFstab(args, uuid, fstab), ...planMount(args, device, uuid, disk, mount))
    return changes
  },
  result: (_, { block }) => ({ uuid: block?.signature.UUID }),
})

const machineProbe: Probe<string> = {
  key: 'machine-id',
  script: 'read -r id < /etc/machine-id && echo "$id"',
  parse: ({ stdout }) => stdout.toString().trim(),
}

function deviceOf({ device }: Wanted): string {
  const [, kind = '', name] = /^(UUID|LABEL)=(.*)$/.exec(device) ?? []
  return name === undefined ? device : `/dev/disk/by-${kind.toLowerCase()}/${name}`
}

/** The same on each look at this disk in this machine, so that a check shows the UUID that apply will use. */
function newUuid(...parts: string[]): string {
  const hex = createHash('sha256').update(parts.join('\0')).digest('hex')
  // Version 8 and variant 10 of RFC 9562: a UUID of one's own making.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

function format(args: Wanted, device: string, disk: Disk, uuid: string): Change {
  const { label, fstype } = args
  if (fstype !== 'ext4')
    throw new TaskError(`${device} is blank, and only ext4 can be made here, not ${fstype}`)
  const named = label === undefined ? [] : ['-L', label]
  // Looked at again just before: nothing may come between the look and mkfs.
  const script = [
    sh`blkid -p -- ${device} >/dev/null 2>&1; [ $? -eq 2 ] || { echo ${`${device} is not blank any more`} >&2; exit 1; }`,
    sh`sectors=$(blockdev --getsz ${device}) || exit`,
    `[ "$(${nonzeroScript(device)})" -eq 0 ] || { ${sh`echo ${`${device} holds data`} >&2`}; exit 1; }`,
    sh`mkfs.ext4 -q -F -U ${uuid} ${named} -- ${device} && sync`,
    '{ udevadm settle --timeout=10 2>/dev/null || :; }',
  ]
  const signature: Record<string, string> = { TYPE: 'ext4', UUID: uuid }
  if (label !== undefined) signature.LABEL = label
  return {
    summary: `format ${device} (${sizeText(disk.size)}, blank) as ext4${label === undefined ? '' : ` with label ${label}`}`,
    actions: [{ do: 'run', script: script.join('\n'), atomic: true, timeout: 1800 }],
    effects: [effect(blockProbe(device), { ...disk, signature })],
  }
}

function nameDisk(device: string, disk: Disk, label: string): Change {
  const { TYPE: type = '' } = disk.signature
  if (type !== 'ext4')
    throw new TaskError(`${device} has no label, and one can't be given to ${type} while it is mounted`)
  const script = sh`e2label ${device} ${label} && { udevadm settle --timeout=10 2>/dev/null || :; }`
  return {
    summary: `label ${device} as ${label}`,
    actions: [{ do: 'run', script }],
    effects: [effect(blockProbe(device), { ...disk, signature: { ...disk.signature, LABEL: label } })],
  }
}

function planFstab(args: Wanted, uuid: string, fact: FileFact): Change[] {
  const text = editableText('/etc/fstab', fact)
  const entry: Fstab = {
    source: `UUID=${uuid}`,
    path: args.path,
    type: args.fstype,
    options: args.options,
    check: 2,
  }
  const elsewhere = fstabEntry(text, (one) => one.source === entry.source && one.path !== entry.path)
  if (elsewhere !== undefined) {
    throw new TaskError(
      `/etc/fstab mounts UUID=${uuid} at ${elsewhere.path}`,
      'remove that line, or mount it there',
    )
  }
  const wanted = withEntry(text, entry)
  if (wanted === text) return []
  // A disk that is not plugged in is an error to findmnt, even with nofail; only unreadable lines count.
  const validate = "findmnt --verify --tab-file %s 2>&1 | { ! grep -F 'parse error at'; }"
  return planFile({ path: '/etc/fstab', content: { text: wanted }, validate, backup: true }, fact).map(
    (change) => ({
      ...change,
      summary: `mount ${deviceOf(args)} at ${args.path} at each boot (/etc/fstab)`,
      actions: [...change.actions, { do: 'run', script: 'systemctl daemon-reload' }],
    }),
  )
}

function isBlank({ signature }: Disk): boolean {
  return signature.UUID === undefined
}

/** Options that can be seen on a mounted filesystem. */
const VISIBLE = ['noatime', 'relatime', 'nodev', 'nosuid', 'noexec', 'ro']

function planMount(args: Wanted, device: string, uuid: string, disk: Disk, { mounted }: MountFact): Change[] {
  const { path, fstype } = args
  const wanted = args.options.split(',')
  const visible = wanted.filter((one) => VISIBLE.includes(one))
  if (mounted === null) {
    const options = ['rw', ...visible].filter((one) => one !== 'rw' || !visible.includes('ro'))
    const after = { id: disk.id, root: '/', path, options, type: fstype, source: device }
    return [
      {
        summary: `mount ${device} at ${path}`,
        actions: [{ do: 'run', script: mountScript(path, uuid) }],
        effects: [
          effect(mountProbe(path), { mounted: after, names: null }),
          effect(fileProbe(path), isBlank(disk) ? PLAIN_DIRECTORY : SOMETHING),
        ],
        below: { path: cleanPath(path), is: isBlank(disk) ? 'gone' : 'unforeseen' },
      },
    ]
  }
  if (mounted.options.includes('ro') && !wanted.includes('ro')) {
    const hint = `look for I/O errors with 'dmesg', then unmount it and run 'fsck ${device}'`
    throw new TaskError(`${path} is mounted read-only, as the kernel does after errors of the disk`, hint)
  }
  const missing = visible.filter((one) => !mounted.options.includes(one))
  if (missing.length === 0) return []
  const options = [...mounted.options.filter((one) => !/^(no|rel)atime$/.test(one)), ...missing]
  return [
    {
      summary: `remount ${path} with ${missing.join(', ')}`,
      actions: [{ do: 'run', script: sh`mount -o ${`remount,${missing.join(',')}`} -- ${path}` }],
      effects: [effect(mountProbe(path), { mounted: { ...mounted, options }, names: null })],
    },
  ]
}

/** udev makes the link by which mount finds a UUID a moment after mkfs. */
function mountScript(path: string, uuid: string): string {
  return [
    sh`mkdir -p -- ${path} || exit`,
    // While the disk is missing, nothing is to be written below it to the SD card.
    sh`chattr +i -- ${path} 2>/dev/null`,
    sh`n=0; until [ -e ${`/dev/disk/by-uuid/${uuid}`} ] || [ $n -ge 50 ]; do n=$((n+1)); sleep 0.2; done`,
    sh`mount -- ${path}`,
  ].join('\n')
}
