import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Disk } from '../../src/probe/block.ts'
import type { Mounted } from '../../src/probe/mounts.ts'
import mount from '../../tasks/mount.ts'
import { type Loop, look, makeLoop, run } from '../probe/loop.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const args = { device: '/dev/sda', path: '/mnt/storage' }
const blank: Disk = {
  id: '8:0',
  size: 1e12,
  wwid: '',
  signature: {},
  traces: '',
  nonzero: false,
  partitions: [],
  mounts: [],
  swap: false,
  holders: [],
}
const uuid = '8a0c39f1-5e6c-4b1e-9d2a-0f1e2d3c4b5a'
const formatted: Disk = {
  ...blank,
  signature: { TYPE: 'ext4', UUID: uuid, LABEL: 'storage-rpi14', USAGE: 'filesystem' },
}
const unmounted = { mounted: null, names: [] }
const there: Mounted = {
  id: '8:0',
  root: '/',
  path: '/mnt/storage',
  options: ['rw', 'noatime'],
  type: 'ext4',
  source: '/dev/sda',
}
const line = `UUID=${uuid} /mnt/storage ext4 defaults,noatime,nofail,x-systemd.device-timeout=30s 0 2\n`
const facts = { block: formatted, mount: unmounted, fstab: seen({ text: '' }), machine: 'abc' }
const settled = { ...facts, mount: { mounted: there, names: null }, fstab: seen({ text: line }) }
const system = { ...there, path: '/' }

testTask(mount, [
  {
    it: 'adopts a disk that was formatted and mounted by hand, without touching what is on it',
    args: { ...args, label: 'storage-rpi14' },
    facts: {
      ...settled,
      block: { ...formatted, signature: { TYPE: 'ext4', UUID: uuid } },
      fstab: seen({ text: '/dev/sda /mnt/storage ext4 defaults 0 0\n' }),
    },
    changes: [
      { summary: 'label /dev/sda as storage-rpi14' },
      {
        summary: 'mount /dev/sda at /mnt/storage at each boot (/etc/fstab)',
        diff: { title: '/etc/fstab', before: '/dev/sda /mnt/storage ext4 defaults 0 0\n', after: line },
      },
    ],
  },
  {
    it: 'names the partition that is mounted there',
    args,
    facts: {
      ...settled,
      block: { ...blank, partitions: ['/dev/sda1'] },
      mount: { mounted: { ...there, id: '8:1', source: '/dev/sda1' }, names: null },
    },
    refuses: /mount point of \/dev\/sda1 already, not of \/dev\/sda$/,
  },
  { it: 'leaves a mounted disk alone', args, facts: settled, changes: [] },
  {
    it: 'finds a disk by the UUID of its filesystem',
    args: { ...args, device: `UUID=${uuid}` },
    facts: settled,
    changes: [],
    result: { uuid },
  },
  {
    it: 'formats a blank disk when it may, with a UUID that a check can tell',
    args: { ...args, format: 'if-blank', label: 'storage-rpi14', size: '1TB' },
    facts: { ...facts, block: blank },
    changes: [
      { summary: 'format /dev/sda (1.0 TB, blank) as ext4 with label storage-rpi14' },
      {
        summary: 'mount /dev/sda at /mnt/storage at each boot (/etc/fstab)',
        diff: {
          title: '/etc/fstab',
          before: '',
          after: line.replace(uuid, '27a540cc-ed45-8579-a45e-e4f9607620e1'),
        },
      },
      { summary: 'mount /dev/sda at /mnt/storage' },
    ],
  },
  {
    it: 'mounts a disk that has its filesystem already and never formats it',
    args: { ...args, format: 'if-blank', label: 'storage-rpi14' },
    facts,
    changes: [
      {
        summary: 'mount /dev/sda at /mnt/storage at each boot (/etc/fstab)',
        diff: { title: '/etc/fstab', before: '', after: line },
      },
      { summary: 'mount /dev/sda at /mnt/storage' },
    ],
  },
  {
    it: 'writes fstab for a disk that was mounted by hand',
    args,
    facts: { ...settled, fstab: seen({ text: 'proc /proc proc defaults 0 0\n' }) },
    changes: [
      {
        diff: {
          title: '/etc/fstab',
          before: 'proc /proc proc defaults 0 0\n',
          after: `proc /proc proc defaults 0 0\n${line}`,
        },
      },
    ],
  },
  {
    it: 'mounts anew with an option that is missing',
    args,
    facts: { ...settled, mount: { mounted: { ...there, options: ['rw', 'relatime'] }, names: null } },
    changes: [
      {
        summary: 'remount /mnt/storage with noatime',
        actions: [{ do: 'run', script: 'mount -o remount,noatime -- /mnt/storage' }],
      },
    ],
  },
  {
    it: 'does not mind where else the pods of a mounted disk see it',
    args,
    facts: {
      ...settled,
      block: { ...formatted, mounts: [there, { ...there, path: '/var/lib/kubelet/x', root: '/x' }] },
    },
    changes: [],
  },
  {
    it: 'refuses a blank disk unless told',
    args,
    facts: { ...facts, block: blank },
    refuses: /\/dev\/sda is blank/,
  },
  {
    it: 'refuses when there is no disk',
    args,
    facts: { ...facts, block: null },
    refuses: /there is no \/dev\/sda/,
  },
  ...Object.entries<[Partial<Disk>, RegExp]>({
    'a partition table': [
      { signature: { PTTYPE: 'dos' }, partitions: ['/dev/sda1'] },
      /partition table \(dos\) with partitions \/dev\/sda1; refusing to format/,
    ],
    'an empty partition table': [
      { signature: { PTTYPE: 'gpt' } },
      /\(gpt\) with no partition; refusing to format/,
    ],
    'another filesystem': [
      { signature: { TYPE: 'ntfs', UUID: '12AB', LABEL: 'photos' } },
      /a ntfs filesystem labelled 'photos', not ext4; refusing to format/,
    ],
    'swap space': [
      { signature: { TYPE: 'swap', UUID: uuid } },
      /swap filesystem, not ext4; refusing to format/,
    ],
    'traces of something': [
      { traces: 'sda 0x438 ext4' },
      /traces of other data; refusing to format:\nsda 0x438 ext4/,
    ],
    'data that nobody knows': [{ nonzero: true }, /data of a kind unknown to blkid; refusing to format/],
    'the system': [{ mounts: [system] }, /\/dev\/sda is mounted at \//],
    'active swap': [{ swap: true }, /in use as swap/],
    'a RAID': [{ holders: ['md0'] }, /part of md0/],
    'half the size': [{ size: 5e11 }, /has 500\.0 GB, not 1TB/],
  }).map(([name, [disk, refuses]]) => ({
    it: `never formats ${name}`,
    args: { ...args, format: 'if-blank' as const, size: '1TB' },
    facts: { ...facts, block: { ...blank, ...disk } },
    refuses,
  })),
  {
    it: 'takes a disk that is a little smaller than it says',
    args: { ...args, size: '1TB' },
    facts: { ...settled, block: { ...formatted, size: 0.93e12 } },
    changes: [],
  },
  {
    it: 'refuses a disk with another label',
    args: { ...args, label: 'storage-rpi01' },
    facts,
    refuses: /labelled 'storage-rpi14', not 'storage-rpi01'/,
  },
  {
    it: 'refuses a mount point that holds files',
    args,
    facts: { ...facts, mount: { mounted: null, names: ['a', 'b', 'c', 'd'] } },
    refuses: /not empty \(a, b, c, …\): a mount would hide that/,
  },
  {
    it: 'refuses a mount point where another disk is mounted',
    args,
    facts: { ...settled, mount: { mounted: { ...there, id: '8:16', source: '/dev/sdb' }, names: null } },
    refuses: /is the mount point of \/dev\/sdb already/,
  },
  {
    it: 'refuses a disk that fstab mounts elsewhere',
    args,
    facts: { ...facts, fstab: seen({ text: `UUID=${uuid} /srv ext4 defaults 0 2\n` }) },
    refuses: /mounts UUID=.* at \/srv/,
  },
  {
    it: 'refuses a disk that went read-only',
    args,
    facts: { ...settled, mount: { mounted: { ...there, options: ['ro', 'noatime'] }, names: null } },
    refuses: /mounted read-only, as the kernel does after errors/,
  },
  {
    it: 'makes no other filesystem than ext4',
    args: { ...args, fstype: 'xfs', format: 'if-blank' },
    facts: { ...facts, block: blank },
    refuses: /only ext4 can be made here/,
  },
])

testArguments(mount, {
  'no device': { path: '/mnt/x' },
  'a device that is not one': { path: '/mnt/x', device: 'sda' },
  'a label that ext4 would cut off': { path: '/mnt/x', device: '/dev/sda', label: 'seventeen-letters' },
  'a forced format': { path: '/mnt/x', device: '/dev/sda', format: 'always' },
  'options with a blank': { path: '/mnt/x', device: '/dev/sda', options: 'defaults noatime' },
})

describe('the scripts of mount on a real disk', () => {
  let loop: Loop
  let wanted: Parameters<typeof mount.plan>[0]
  beforeEach(function () {
    const made = makeLoop(64 * 2 ** 20)
    if (made === undefined) return this.skip()
    loop = made
    const path = join(loop.directory, 'mount')
    wanted = {
      device: loop.device,
      path,
      format: 'if-blank',
      label: 'x',
      fstype: 'ext4',
      options: 'noatime,nofail',
    }
  })
  afterEach(() => loop?.free())

  const plan = (text: string) => {
    const probes = mount.probes(wanted)
    const now = {
      block: look<Disk>(probes.block),
      mount: look<typeof unmounted>(probes.mount),
      machine: 'abc',
    }
    return mount.plan(wanted, { ...now, fstab: seen({ text }) })
  }
  const scripts = (text: string) =>
    plan(text).map(({ actions }) =>
      actions.flatMap((action) => (action.do === 'run' ? [action.script] : [])).join('\n'),
    )

  it('make a filesystem on a blank disk, and look again just before', () => {
    const [format = ''] = scripts('')
    assert.equal(run(format).code, 0)
    const made = look<Disk>(mount.probes(wanted).block)
    assert.equal(made.signature.LABEL, 'x')
    assert.equal(
      plan('').some(({ summary }) => summary.startsWith('format')),
      false,
    )
    const again = run(format)
    assert.deepEqual([again.code, again.stderr.trim()], [1, `${loop.device} is not blank any more`])
  })

  it('do not format what got a byte since the look', () => {
    const [format = ''] = scripts('')
    writeFileSync(loop.device, 'x', { flag: 'r+' })
    const { code, stderr } = run(format)
    assert.deepEqual([code, stderr.trim()], [1, `${loop.device} holds data`])
  })

  it('mount what fstab says, and see it then', () => {
    const [format = ''] = scripts('')
    run(format)
    mkdirSync(wanted.path)
    // The same as from fstab, which belongs to this machine.
    run(`mount -o noatime ${loop.device} ${wanted.path}`)
    try {
      const [entry] = plan('')
      const put = entry?.actions.find((action) => action.do === 'put')
      const text = put?.do === 'put' && 'text' in put.content ? put.content.text : ''
      const table = join(loop.directory, 'fstab')
      writeFileSync(table, text)
      assert.equal(run(put?.do === 'put' ? (put.validate ?? '').replace('%s', table) : 'false').code, 0)
      assert.deepEqual(plan(readFileSync(table, 'utf8')), [])
      writeFileSync(table, 'garbage\n')
      assert.notEqual(run(put?.do === 'put' ? (put.validate ?? '').replace('%s', table) : 'true').code, 0)
    } finally {
      run(`umount ${wanted.path}`)
    }
  })
})
