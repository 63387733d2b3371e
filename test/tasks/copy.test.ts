import copy from '../../tasks/copy.ts'
import { testArguments, testTask } from './law.ts'
import { local, seen } from './seen.ts'

const binary = local(Buffer.from([0, 255, 0]), 'files/k3s')

testTask(copy, [
  {
    it: 'creates a file from a text',
    args: { dest: '/etc/motd', content: 'hello\n' },
    facts: { file: null },
    changes: [
      {
        summary: 'create /etc/motd (0644 root:root, 6 bytes)',
        actions: [{ do: 'put', path: '/etc/motd', content: { text: 'hello\n' }, mode: '0644' }],
        diff: { title: '/etc/motd', before: '', after: 'hello\n' },
        effects: [{ key: 'file:/etc/motd', value: seen({ text: 'hello\n' }) }],
      },
    ],
  },
  {
    it: 'keeps mode and owner of the file it replaces',
    args: { dest: '/etc/motd', content: 'new\n' },
    facts: { file: seen({ text: 'old\n', mode: '0600', owner: 'pi', group: 'adm' }) },
    changes: [
      {
        summary: 'change /etc/motd (4 -> 4 bytes)',
        actions: [
          {
            do: 'put',
            path: '/etc/motd',
            content: { text: 'new\n' },
            mode: '0600',
            owner: 'pi',
            group: 'adm',
          },
        ],
        diff: { title: '/etc/motd', before: 'old\n', after: 'new\n' },
      },
    ],
  },
  {
    it: 'leaves a file that is there as it is when told so',
    args: { dest: '/etc/motd', content: 'new\n', mode: '0600', force: false },
    facts: { file: seen({ text: 'old\n' }) },
    changes: [],
  },
  {
    it: 'does nothing to the same content',
    args: { dest: '/etc//motd', content: 'same', mode: '644' },
    facts: { file: seen({ text: 'same' }) },
    changes: [],
  },
  {
    it: 'changes the mode alone when the content is right',
    args: { dest: '/etc/motd', content: 'same', mode: '0600' },
    facts: { file: seen({ text: 'same' }) },
    changes: [{ actions: [{ do: 'run', script: 'chmod -- 0600 /etc/motd' }] }],
  },
  {
    it: 'sends a binary file, shows no diff, keeps the old one, lets a command judge it',
    args: {
      dest: '/usr/local/bin/k3s',
      src: binary,
      mode: '0755',
      owner: 'root',
      group: 'root',
      backup: true,
      validate: '%s -v',
    },
    facts: { file: seen({ text: 'old' }) },
    changes: [
      {
        summary: 'change /usr/local/bin/k3s (3 -> 3 bytes, 0755 root:root)',
        actions: [
          {
            do: 'put',
            path: '/usr/local/bin/k3s',
            content: { local: binary },
            mode: '0755',
            owner: 'root',
            group: 'root',
            validate: '%s -v',
            backup: true,
          },
        ],
      },
    ],
  },
  {
    it: 'creates a file of 0 bytes, and has nothing to back up',
    args: { dest: '/etc/empty', src: local(''), backup: true },
    facts: { file: null },
    changes: [{ actions: [{ do: 'put', path: '/etc/empty', content: { local: local('') }, mode: '0644' }] }],
  },
  {
    it: 'compares a large file by its hash alone',
    args: { dest: '/srv/image', src: { path: 'image', size: 104857600, sha256: 'a'.repeat(64), text: null } },
    facts: { file: seen({ size: 104857600, sha256: 'a'.repeat(64), text: null }) },
    changes: [],
  },
  {
    it: 'does not write through a link',
    args: { dest: '/etc/resolv.conf', content: 'x' },
    facts: { file: seen({ type: 'link', target: '../run/x' }) },
    refuses: /symbolic link to \.\.\/run\/x/,
  },
  {
    it: 'does not replace a directory',
    args: { dest: '/etc', content: 'x' },
    facts: { file: seen({ type: 'directory' }) },
    refuses: /\/etc is a directory, not a file/,
  },
  {
    it: 'says that a file may not be read',
    args: { dest: '/etc/shadow', content: 'x' },
    facts: { file: seen({ sha256: null, text: null }) },
    refuses: /\/etc\/shadow may not be read/,
  },
])

testArguments(copy, {
  'a validation that does not name the file': { dest: '/x', content: '', validate: 'visudo -c' },
  'no destination': { content: '' },
  'no source': { dest: '/x' },
  'two sources': { dest: '/x', content: '', src: 'x' },
})
