import hostname from '../../tasks/hostname.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const named = seen({ text: 'rpi01\n' })
const hosts = (own: string) =>
  seen({ text: `127.0.0.1\tlocalhost\n${own}\n::1\tlocalhost\n`.replace('\n\n', '\n') })

testTask(hostname, [
  {
    it: 'is content',
    args: { name: 'rpi01' },
    facts: { live: 'rpi01', file: named, hosts: hosts('127.0.1.1 rpi01.lan rpi01') },
    changes: [],
  },
  {
    it: 'renames a fresh host everywhere, /etc/hosts first',
    args: { name: 'rpi01' },
    facts: {
      live: 'raspberrypi',
      file: seen({ text: 'raspberrypi\n' }),
      hosts: hosts('127.0.1.1\traspberrypi'),
    },
    changes: [
      {
        summary: 'change /etc/hosts (56 -> 50 bytes)',
        diff: {
          title: '/etc/hosts',
          before: hosts('127.0.1.1\traspberrypi').text!,
          after: hosts('127.0.1.1\trpi01').text!,
        },
      },
      { summary: 'change /etc/hostname (12 -> 6 bytes)' },
      {
        summary: 'change the host name from raspberrypi to rpi01',
        actions: [{ do: 'run', script: 'hostname -- rpi01' }],
      },
    ],
  },
  {
    it: 'adds its name behind localhost',
    args: { name: 'rpi01' },
    facts: { live: 'rpi01', file: named, hosts: hosts('') },
    changes: [
      { diff: { title: '/etc/hosts', before: hosts('').text!, after: hosts('127.0.1.1\trpi01').text! } },
    ],
  },
  {
    it: 'makes the files when there are none',
    args: { name: 'rpi01' },
    facts: { live: 'rpi01', file: null, hosts: null },
    changes: [
      { summary: 'create /etc/hosts (0644, 16 bytes)' },
      { summary: 'create /etc/hostname (0644, 6 bytes)' },
    ],
  },
  {
    it: 'takes the file of another spelling as it is',
    args: { name: 'rpi01' },
    facts: { live: 'rpi01', file: seen({ text: 'rpi01' }), hosts: hosts('127.0.1.1 rpi01') },
    changes: [],
  },
])

testArguments(hostname, {
  'capital letters, which kubernetes would make small': { name: 'RPI01' },
  'a domain': { name: 'rpi01.lan' },
  'a command': { name: 'a;b' },
})
