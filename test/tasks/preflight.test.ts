import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ConditionFact, conditionProbe } from '../../src/probe/condition.ts'
import preflight from '../../tasks/preflight.ts'
import { run } from '../probe/loop.ts'
import { testArguments, testTask } from './law.ts'

const GIB = 1024 ** 3
const condition: ConditionFact = {
  container: false,
  machineId: 'a1',
  throttled: 0,
  writable: true,
  free: { '/': 20 * GIB },
  missingModules: [],
  swap: [],
  disks: ['/dev/sda: PASSED'],
  errors: [],
  uas: [],
  architecture: { programs: 'arm64', kernel: 'aarch64' },
  skew: 0,
}
const cgroups = { memory: true, kernel: '', file: null }
const args = {}
const fine = { warnings: [], not_applicable: [], machine_id: 'a1', skew: 0 }
const having = (fact: Partial<ConditionFact>) => ({ condition: { ...condition, ...fact }, cgroups })

testTask(preflight, [
  { it: 'has nothing to say of a host that is well', args, facts: having({}), changes: [], result: fine },
  {
    it: 'says what does not apply to what is no Raspberry Pi',
    args,
    facts: having({ throttled: null, disks: null }),
    changes: [],
    result: { ...fine, not_applicable: ['power', 'disk by smartctl'] },
  },
  {
    it: 'asks nothing of a container that its machine decides',
    args,
    facts: having({ container: true, throttled: null, disks: null }),
    changes: [],
    result: { ...fine, not_applicable: ['power', 'disk', 'modules', 'swap'] },
  },
  {
    it: 'stops a container, too, whose clock is wrong',
    args,
    facts: having({ container: true, throttled: null, disks: null, skew: -86_400_001 }),
    refuses: /its clock is 1000 days behind this machine's/,
  },
  {
    it: 'warns of what was, and of what wears out',
    args,
    facts: having({ throttled: 0x50000, swap: ['/var/swap'], errors: ['sda: I/O error, sector 8'] }),
    changes: [],
    result: {
      ...fine,
      warnings: [
        'the voltage was too low since the boot (vcgencmd get_throttled: 0x50000): use a supply of 5.1 V and 3 A and its own cable; disks at its USB ports drop out first',
        'the kernel says: sda: I/O error, sector 8',
        'swap is on (/var/swap), which wears out an SD card: swapoff -a, and disable dphys-swapfile',
      ],
      message: [
        'the voltage was too low since the boot (vcgencmd get_throttled: 0x50000): use a supply of 5.1 V and 3 A and its own cable; disks at its USB ports drop out first',
        'the kernel says: sda: I/O error, sector 8',
        'swap is on (/var/swap), which wears out an SD card: swapoff -a, and disable dphys-swapfile',
      ].join('\n'),
    },
  },
  {
    it: 'stops where the voltage is too low',
    args,
    facts: having({ throttled: 0x50005 }),
    refuses: /too low right now/,
  },
  {
    it: 'stops at a read-only root',
    args,
    facts: having({ writable: false }),
    refuses: /\/ is mounted read-only/,
  },
  {
    it: 'stops at a clock that is wrong',
    args,
    facts: having({ skew: -31 }),
    refuses: /clock is 31 s behind/,
  },
  {
    it: 'stops without the memory cgroup',
    args,
    facts: { condition, cgroups: { memory: false, kernel: '6.1', file: null } },
    refuses: /kernel 6\.1 runs without the memory cgroup/,
  },
  {
    it: 'stops where a disk fails',
    args,
    facts: having({ disks: ['/dev/sda: FAILED!'] }),
    refuses: /smartctl says of \/dev\/sda: FAILED!/,
  },
  {
    it: 'stops where space is short, and passes over what is not there',
    args: { free: { '/': '2GB', '/mnt/storage': '50GB' } },
    facts: having({ free: { '/': 1_200_000_000 } }),
    refuses: /^\/ has 1\.2 GB left, 2GB must be free$/,
  },
  {
    it: 'suggests a quirk for the bridge of a disk that drops out, and for that only',
    args,
    facts: having({ errors: ['usb 2-1: reset SuperSpeed USB device number 2'], uas: ['152d:0578'] }),
    changes: [],
    result: {
      ...fine,
      warnings: [
        'the kernel says: usb 2-1: reset SuperSpeed USB device number 2',
        "the disk's USB bridge may not cope with UAS; should another cable and supply not help: usb-storage.quirks=152d:0578:u in cmdline.txt, which is slower",
      ],
      message: [
        'the kernel says: usb 2-1: reset SuperSpeed USB device number 2',
        "the disk's USB bridge may not cope with UAS; should another cable and supply not help: usb-storage.quirks=152d:0578:u in cmdline.txt, which is slower",
      ].join('\n'),
    },
  },
  {
    it: 'says nothing of a bridge whose disk is well',
    args,
    facts: having({ uas: ['152d:0578'] }),
    changes: [],
    result: fine,
  },
  {
    it: 'warns of 32-bit programs under a 64-bit kernel',
    args,
    facts: having({ architecture: { programs: 'armhf', kernel: 'aarch64' } }),
    changes: [],
    result: {
      ...fine,
      warnings: [
        'a system of armhf under a 64-bit kernel: k3s runs images of arm64, docker builds those of armhf',
      ],
      message:
        'a system of armhf under a 64-bit kernel: k3s runs images of arm64, docker builds those of armhf',
    },
  },
  {
    it: 'stops without a module',
    args,
    facts: having({ missingModules: ['vxlan'] }),
    refuses: /no module vxlan/,
  },
  {
    it: 'stops a clone',
    args: { machine_ids: { rpi01: 'a1', rpi02: 'b2', rpi03: 'a1' } },
    facts: having({}),
    refuses: /rpi01 and rpi03 have the same machine id/,
  },
  {
    it: 'knows itself among all hosts',
    args: { machine_ids: { rpi01: 'a1', rpi02: 'b2' } },
    facts: having({}),
    changes: [],
  },
  {
    it: 'tells all at once, warnings last',
    args,
    facts: having({ writable: false, skew: 99, swap: ['/var/swap'] }),
    refuses:
      /^2 of 10 checks failed:\n- \/ is mounted.*\n- its clock is 99 s ahead.*\n- swap is on .* \(a warning\)$/,
  },
  {
    it: 'tolerates what is to be tolerated, but tells of it',
    args: { tolerate: ['clock'] },
    facts: having({ skew: 99 }),
    changes: [],
    result: {
      ...fine,
      skew: 99,
      warnings: ["its clock is 99 s ahead of this machine's: the task time_sync has it set"],
      message: "its clock is 99 s ahead of this machine's: the task time_sync has it set",
    },
  },
])

testArguments(preflight, {
  'a check that there is not': { tolerate: ['temperature'] },
  'a size without a unit': { free: { '/': '100' } },
})

describe('the probe of a condition', () => {
  const probe = conditionProbe(['/', '/no/such/path', '/proc'])

  it('looks at this machine', () => {
    const output = run(probe.script as string)
    const fact = probe.parse({ ...output, at: Date.now() })
    assert.equal(fact.writable, true)
    assert.ok(fact.free['/']! > 0)
    assert.deepEqual(Object.keys(fact.free), ['/', '/proc'])
    assert.ok(Math.abs(fact.skew) < 30)
  })

  it('reads what the commands of a Raspberry Pi say', () => {
    const commands = [
      'vcgencmd() { echo throttled=0x50005; }',
      'dmesg() { echo "sda: I/O error, dev sda"; echo all is well; }',
      'smartctl() { echo "SMART overall-health self-assessment test result: PASSED"; }',
      'modprobe() { return 1; }',
      'dpkg() { echo armhf; }; uname() { echo aarch64; }',
    ]
    const elsewhere = (probe.script as string)
      .replace('/run/systemd/container', '/nowhere')
      .replaceAll('/sys/module', '/nowhere')
      .replace('/sys/block/sd*', '/')
    const fact = probe.parse(run([...commands, elsewhere].join('\n')))
    assert.equal(fact.throttled, 0x50005)
    assert.deepEqual(fact.errors, ['sda: I/O error, dev sda'])
    assert.deepEqual(fact.disks, ['/dev/: PASSED'])
    assert.deepEqual(fact.missingModules, ['overlay', 'br_netfilter', 'vxlan'])
    assert.deepEqual(fact.architecture, { programs: 'armhf', kernel: 'aarch64' })
  })

  it('reads which disks are behind a bridge with UAS', () => {
    const usb = mkdtempSync(path.join(tmpdir(), 'usb-'))
    const device = path.join(usb, 'devices/2-1')
    mkdirSync(path.join(device, '2-1:1.0'), { recursive: true })
    mkdirSync(path.join(usb, 'uas'))
    writeFileSync(path.join(device, 'idVendor'), '152d\n')
    writeFileSync(path.join(device, 'idProduct'), '0578\n')
    symlinkSync(path.join(device, '2-1:1.0'), path.join(usb, 'uas/2-1:1.0'))
    const elsewhere = (probe.script as string)
      .replace('/run/systemd/container', '/nowhere')
      .replace('/sys/bus/usb/drivers/uas', path.join(usb, 'uas'))
    assert.deepEqual(probe.parse(run(elsewhere)).uas, ['152d:0578'])
    rmSync(usb, { recursive: true })
  })

  it('reckons the clock from when the answer came', () => {
    const parse = (at: number) =>
      probe.parse({ code: 0, stdout: Buffer.from('now 1000.5\n'), stderr: '', at }).skew
    assert.deepEqual([parse(1000_000), parse(900_000)], [1, 101])
  })

  it('raises what makes no sense', () => {
    assert.throws(
      () => probe.parse({ code: 127, stdout: Buffer.from(''), stderr: 'date: not found' }),
      /can't look at the host's condition: date: not found/,
    )
  })
})
