import type { ArchiveEntry } from '../../src/base/tar.ts'
import type { LocalFile } from '../../src/core/task.ts'
import type { TreeEntry } from '../../src/probe/tree.ts'
import copy from '../../tasks/copy.ts'
import { testArguments, testTask } from './law.ts'
import { local, seen } from './seen.ts'

const binary = local(Buffer.from([0, 255, 0]), 'files/k3s')

const entry = (name: string, content: string): ArchiveEntry => {
  const { size, sha256 } = local(content)
  return { name, kind: 'file', mode: 0o644, size, sha256, source: `/here/site/${name}` }
}
const site: LocalFile = {
  path: '/here/site',
  size: 4096,
  sha256: 'a'.repeat(64),
  text: null,
  entries: [
    entry('a', 'A'),
    { name: 'b', kind: 'directory', mode: 0o755, size: 0, source: '' },
    entry('b/c', 'C'),
  ],
}
const there = (content: string, more: Partial<TreeEntry> = {}): TreeEntry => {
  const { sha256 } = local(content)
  return { type: 'file', mode: '0644', owner: 'root', group: 'root', sha256, target: '', ...more }
}
const folder = there('', { type: 'directory', mode: '0755', sha256: null })
const archive = '/srv/.www.provision-aaaaaaaaaaaa.tar'

testTask(copy, [
  {
    it: 'puts a directory where nothing is, as one archive',
    args: { dest: '/srv/www', src: site },
    facts: { file: null, tree: { a: null, b: null, 'b/c': null } },
    changes: [
      {
        summary: 'put site/ into /srv/www (3 new)',
        opaque: true,
        diff: {
          title: '/srv/www',
          before: '',
          after: `a  0644 root:root  559aead08264\nb  0755 root:root  directory\nb/c  0644 root:root  6b23c0d5f35d\n`,
        },
      },
    ],
  },
  {
    it: 'does nothing to a directory that holds it all',
    args: { dest: '/srv/www/', src: site },
    facts: {
      file: seen({ type: 'directory', mode: '0700' }),
      tree: { a: there('A'), b: folder, 'b/c': there('C') },
    },
    changes: [],
  },
  {
    it: 'sends a directory again for one file that differs; nobody reads on the way what is not for everybody',
    args: { dest: '/srv/www', src: site, mode: '0600', owner: 'www' },
    facts: {
      file: seen({ type: 'directory' }),
      tree: {
        a: there('old', { mode: '0600', owner: 'www' }),
        b: { ...folder, owner: 'www' },
        'b/c': there('C', { mode: '0600', owner: 'www' }),
      },
    },
    changes: [
      {
        summary: 'put site/ into /srv/www (1 changed)',
        opaque: true,
        actions: [
          { do: 'put', path: archive, content: { local: site }, mode: '0600' },
          {
            do: 'run',
            script: `set -e; umask 022; LC_ALL=C; export LC_ALL
trap 'rm -rf -- /srv/www/.provision-new ${archive}' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
rm -rf -- /srv/www/.provision-new; mkdir -m 0700 -- /srv/www/.provision-new
tar -x --no-same-owner -f ${archive} -C /srv/www/.provision-new
cd -- /srv/www/.provision-new
chown -h -- www:root ./a
chmod -- 0600 ./a
sync -f .
cd -- /srv/www
mv -f -t ./. -- /srv/www/.provision-new/a`,
          },
        ],
      },
    ],
  },
  {
    it: 'sends nothing of a directory whose files only belong to others',
    args: { dest: '/srv/www', src: site, owner: 'www' },
    facts: {
      file: seen({ type: 'directory' }),
      tree: { a: there('A'), b: folder, 'b/c': there('C', { owner: 'www' }) },
    },
    changes: [
      {
        summary: 'put site/ into /srv/www (2 with other attributes)',
        opaque: true,
        actions: [
          {
            do: 'run',
            script: `set -e; umask 022; LC_ALL=C; export LC_ALL
cd -- /srv/www
chown -h -- www:root ./a ./b
chmod -- 0644 ./a
chmod -- 0755 ./b`,
          },
        ],
      },
    ],
  },
  {
    it: 'does not put a file of a directory where a directory is',
    args: { dest: '/srv/www', src: site },
    facts: { file: seen({ type: 'directory' }), tree: { a: folder, b: folder, 'b/c': null } },
    refuses: /^\/srv\/www\/a is a directory, not a file$/,
  },
  {
    it: 'does not put a directory where a link is',
    args: { dest: '/srv/www', src: site },
    facts: { file: seen({ type: 'link', target: 'x' }), tree: { a: null, b: null, 'b/c': null } },
    refuses: /^\/srv\/www is a symbolic link, not a directory$/,
  },
  {
    it: 'has no command judge a directory',
    args: { dest: '/srv/www', src: site, validate: 'true %s' },
    facts: { file: null, tree: {} },
    refuses: /for single files/,
  },
  {
    it: 'creates a file from a text',
    args: { dest: '/etc/motd', content: 'hello\n' },
    facts: { file: null },
    changes: [
      {
        summary: 'create /etc/motd (0644, 6 bytes)',
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
    it: 'does not take a name that ends like one of a directory for that of a file',
    args: { dest: '/etc/new/', content: 'x' },
    facts: { file: null },
    refuses: /\/etc\/new\/ names a directory/,
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
