import template from '../../tasks/template.ts'
import { testTask } from './law.ts'
import { local, seen } from './seen.ts'

testTask(template, [
  {
    it: 'puts the rendered text in place',
    args: { src: local('NTP=pool\n'), dest: '/etc/systemd/timesyncd.conf' },
    facts: { file: seen({ text: '#NTP=\n' }) },
    changes: [
      {
        summary: 'change /etc/systemd/timesyncd.conf (6 -> 9 bytes)',
        diff: { title: '/etc/systemd/timesyncd.conf', before: '#NTP=\n', after: 'NTP=pool\n' },
      },
    ],
  },
  {
    it: 'leaves what is right',
    args: { src: local('x'), dest: '/x' },
    facts: { file: seen({ text: 'x' }) },
    changes: [],
  },
])
