import template from '../../tasks/template.ts'
import { testTask } from './law.ts'
import { local, seen } from './seen.ts'

testTask(template, [
  {
    it: 'puts the rendered text in place, not the file that holds the template',
    args: { src: local('NTP=pool\n'), dest: '/etc/systemd/timesyncd.conf' },
    facts: { file: seen({ text: '#NTP=\n' }) },
    changes: [
      {
        summary: 'change /etc/systemd/timesyncd.conf (6 -> 9 bytes)',
        diff: { title: '/etc/systemd/timesyncd.conf', before: '#NTP=\n', after: 'NTP=pool\n' },
        actions: [
          {
            do: 'put',
            path: '/etc/systemd/timesyncd.conf',
            content: { text: 'NTP=pool\n' },
            mode: '0644',
            owner: 'root',
            group: 'root',
          },
        ],
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
