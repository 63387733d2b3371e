import sysctl from '../../tasks/sysctl.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const name = 'net.ipv4.ip_forward'
const meaning = {
  1: 'the kernel has no such parameter, perhaps for want of a module, or it may not be set here',
}

testTask(sysctl, [
  {
    it: 'is content',
    args: { name, value: 1 },
    facts: { live: '1', file: seen({ text: '-net.ipv4.ip_forward=1\n' }) },
    changes: [],
  },
  {
    it: 'sets it now and for the next start',
    args: { name, value: 1 },
    facts: { live: '0', file: null },
    changes: [
      {
        summary: 'create /etc/sysctl.d/90-provision.conf (0644, 24 bytes)',
        diff: { title: '/etc/sysctl.d/90-provision.conf', before: '', after: 'net.ipv4.ip_forward = 1\n' },
      },
      {
        summary: 'set net.ipv4.ip_forward to 1 (was 0)',
        actions: [{ do: 'run', script: 'sysctl -q -w net.ipv4.ip_forward=1', meaning }],
      },
    ],
  },
  {
    it: 'changes its own line alone, the last one',
    args: { name, value: 1, file: '/etc/sysctl.conf' },
    facts: {
      live: '1',
      file: seen({ text: 'net.ipv4.ip_forward=0\n#x\nnet.ipv4.ip_forward=0\nvm.swappiness=1\n' }),
    },
    changes: [
      {
        diff: {
          title: '/etc/sysctl.conf',
          before: 'net.ipv4.ip_forward=0\n#x\nnet.ipv4.ip_forward=0\nvm.swappiness=1\n',
          after: 'net.ipv4.ip_forward=0\n#x\nnet.ipv4.ip_forward = 1\nvm.swappiness=1\n',
        },
      },
    ],
  },
  {
    it: 'takes tabs for blanks',
    args: { name: 'net.ipv4.tcp_rmem', value: '4096 87380  6291456' },
    facts: { live: '4096 87380 6291456', file: seen({ text: 'net.ipv4.tcp_rmem = 4096\t87380 6291456\n' }) },
    changes: [],
  },
  {
    it: 'plans for a module that an earlier step loads',
    args: { name: 'net.bridge.bridge-nf-call-iptables', value: 1 },
    facts: { live: null, file: seen({ text: 'net.bridge.bridge-nf-call-iptables = 1\n' }) },
    changes: [{ summary: 'set net.bridge.bridge-nf-call-iptables to 1 (was unknown to the kernel)' }],
  },
  {
    it: 'refuses to leave /proc/sys',
    args: { name: 'a/../../x', value: 1 },
    facts: { live: null, file: null },
    refuses: /is no kernel parameter/,
  },
])

testArguments(sysctl, {
  'a value of two lines': { name, value: '1\n2' },
  'an option as name': { name: '-a', value: 1 },
})
