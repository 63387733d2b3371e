import file from '../../tasks/file.ts'
import { testArguments, testTask } from './law.ts'
import { emptyHash, seen } from './seen.ts'

const notRemoved = { 1: 'not removed; a directory with something in it needs recurse: true' }
const directory = seen({ type: 'directory', mode: '0755' })

testTask(file, [
  { it: 'keeps a file that is there', args: { path: '/etc/motd' }, facts: { file: seen({}) }, changes: [] },
  {
    it: 'creates an empty file',
    args: { path: '/var/log/own.log', mode: '0600', owner: 'pi', group: 'adm' },
    facts: { file: null },
    changes: [
      {
        summary: 'create /var/log/own.log (0600 pi:adm, 0 bytes)',
        actions: [
          {
            do: 'put',
            path: '/var/log/own.log',
            content: { text: '' },
            mode: '0600',
            owner: 'pi',
            group: 'adm',
          },
        ],
        effects: [
          {
            key: 'file:/var/log/own.log',
            value: {
              type: 'file',
              mode: '0600',
              owner: 'pi',
              group: 'adm',
              size: 0,
              sha256: emptyHash,
              text: '',
            },
          },
        ],
      },
    ],
  },
  {
    it: 'changes the mode alone, and takes three digits',
    args: { path: '/srv/a b', mode: '600' },
    facts: { file: seen({ mode: '0644' }) },
    changes: [
      {
        summary: 'make /srv/a b 0600 root:root (was 0644 root:root)',
        actions: [{ do: 'run', script: "chmod -- 0600 '/srv/a b'" }],
      },
    ],
  },
  {
    it: 'sets the mode again after a new owner, for chown drops setuid',
    args: { path: '/usr/local/bin/x', owner: 'pi' },
    facts: { file: seen({ mode: '4755' }) },
    changes: [
      {
        actions: [
          { do: 'run', script: 'chown -h -- pi:root /usr/local/bin/x && chmod -- 4755 /usr/local/bin/x' },
        ],
      },
    ],
  },
  {
    it: 'creates a directory of the login user',
    args: { path: '/srv/data/', state: 'directory' },
    facts: { file: null },
    changes: [
      {
        summary: 'create directory /srv/data (0755)',
        actions: [{ do: 'run', script: 'mkdir -p -m 0755 -- /srv/data' }],
      },
    ],
  },
  {
    it: 'creates a directory with a sticky or setgid bit for a group',
    args: { path: '/srv/d', state: 'directory', mode: '2770', group: 'adm' },
    facts: { file: null },
    changes: [
      {
        actions: [
          {
            do: 'run',
            script: 'mkdir -p -m 2770 -- /srv/d && chown -h -- :adm /srv/d && chmod -- 2770 /srv/d',
          },
        ],
      },
    ],
  },
  {
    it: 'does not replace a directory by a file',
    args: { path: '/srv/d' },
    facts: { file: directory },
    refuses: /\/srv\/d is a directory; it is not replaced/,
  },
  {
    it: 'does not replace a file by a directory',
    args: { path: '/srv/d', state: 'directory' },
    facts: { file: seen({}) },
    refuses: /is a file; it is not replaced/,
  },
  {
    it: 'makes a link',
    args: { path: '/usr/local/bin/kubectl', state: 'link', target: 'k3s' },
    facts: { file: null },
    changes: [
      {
        summary: 'link /usr/local/bin/kubectl -> k3s',
        actions: [
          {
            do: 'run',
            script:
              'ln -sfn -- k3s /usr/local/bin/kubectl.provision-link && mv -fT -- /usr/local/bin/kubectl.provision-link /usr/local/bin/kubectl',
          },
        ],
      },
    ],
  },
  {
    it: 'points a link elsewhere and keeps its owner',
    args: { path: '/l', state: 'link', target: '/new' },
    facts: { file: seen({ type: 'link', mode: '0777', target: '/old', owner: 'pi', group: 'pi' }) },
    changes: [
      {
        summary: 'link /l -> /new (was /old)',
        actions: [
          {
            do: 'run',
            script:
              'ln -sfn -- /new /l.provision-link && chown -h -- pi:pi /l.provision-link && mv -fT -- /l.provision-link /l',
          },
        ],
      },
    ],
  },
  {
    it: 'leaves a link that is right',
    args: { path: '/l', state: 'link', target: '/new' },
    facts: { file: seen({ type: 'link', mode: '0777', target: '/new' }) },
    changes: [],
  },
  {
    it: 'does not replace a file by a link',
    args: { path: '/l', state: 'link', target: '/x' },
    facts: { file: seen({}) },
    refuses: /is a file; it is not replaced/,
  },
  { it: 'has nothing to remove', args: { path: '/x', state: 'absent' }, facts: { file: null }, changes: [] },
  {
    it: 'removes a link, not what it points to',
    args: { path: '/x/', state: 'absent' },
    facts: { file: seen({ type: 'link', mode: '0777', target: '/etc' }) },
    changes: [{ summary: 'remove /x', actions: [{ do: 'run', script: 'rm -f -- /x', meaning: notRemoved }] }],
  },
  {
    it: 'removes only an empty directory',
    args: { path: '/x', state: 'absent' },
    facts: { file: directory },
    changes: [
      {
        summary: 'remove directory /x',
        actions: [{ do: 'run', script: 'rmdir -- /x', meaning: notRemoved }],
      },
    ],
  },
  {
    it: 'removes a tree when told to',
    args: { path: '/x', state: 'absent', recurse: true },
    facts: { file: directory },
    changes: [
      {
        summary: 'remove directory /x with all that is in it',
        actions: [{ do: 'run', script: 'rm -rf --one-file-system -- /x', meaning: notRemoved }],
      },
    ],
  },
  ...['/', '//', '/etc/', '/usr', '/lib64', '/srv/../etc'].map((path) => ({
    it: `never removes ${path}`,
    args: { path, state: 'absent' as const, recurse: true },
    facts: { file: directory },
    refuses: /is not removed/,
  })),
])

testArguments(file, {
  'a link to nowhere': { path: '/l', state: 'link' },
  'a relative path': { path: 'etc/motd' },
  'a mode that lost its zero': { path: '/x', mode: 420 },
  'a mode with an 8': { path: '/x', mode: '0684' },
  'a misspelt argument': { path: '/x', onwer: 'pi' },
  'an owner with a colon': { path: '/x', owner: 'pi:pi' },
})
