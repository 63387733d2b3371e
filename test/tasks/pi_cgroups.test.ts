import assert from 'node:assert/strict'
import pi_cgroups from '../../tasks/pi_cgroups.ts'
import { run } from '../probe/loop.ts'
import { testArguments, testTask } from './law.ts'

const path = '/boot/firmware/cmdline.txt'
const file = (text: string) => ({ cgroups: { memory: false, kernel: '6.1.21-v8+', file: { path, text } } })

testTask(pi_cgroups, [
  {
    it: 'does not touch a command line when the kernel has the controller',
    args: {},
    facts: { cgroups: { memory: true, kernel: '', file: null } },
    changes: [],
  },
  {
    it: 'adds what is missing, on one line, and restarts',
    args: {},
    facts: file('console=tty1 root=PARTUUID=1-02 cgroup_enable=memory\nquiet\n\n'),
    changes: [
      {
        summary: `add cgroup_memory=1 to ${path} and restart`,
        diff: {
          title: path,
          before: 'console=tty1 root=PARTUUID=1-02 cgroup_enable=memory\nquiet\n\n',
          after: 'console=tty1 root=PARTUUID=1-02 cgroup_enable=memory quiet cgroup_memory=1\n',
        },
      },
    ],
  },
  {
    it: 'says what else it may be when the kernel does not listen',
    args: {},
    facts: file('root=/dev/sda2 cgroup_memory=1 cgroup_enable=memory\n'),
    refuses: /6\.1\.21-v8\+ has no memory controller although \/boot\/firmware\/cmdline\.txt asks for it/,
  },
  {
    it: 'refuses where it does not find the command line',
    args: {},
    facts: { cgroups: { memory: false, kernel: '6.1', file: null } },
    refuses: /its command line was not found/,
  },
])

testArguments(pi_cgroups, { 'a time-out that no Pi can keep': { reboot_timeout: 5 } })

describe('the probe of pi_cgroups', () => {
  const { cgroups } = pi_cgroups.probes({ reboot_timeout: 600 })

  it('runs on this machine', () => {
    const { code, stderr } = run(cgroups.script as string)
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('reads a command line with its place', () => {
    const text = 'kernel 6.1\npath /boot/cmdline.txt\nroot=/dev/x\nsecond\n'
    assert.deepEqual(cgroups.parse({ code: 0, stdout: Buffer.from(text), stderr: '' }), {
      memory: false,
      kernel: '6.1',
      file: { path: '/boot/cmdline.txt', text: 'root=/dev/x\nsecond\n' },
    })
  })
})
