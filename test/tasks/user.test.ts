import type { UserFact } from '../../src/probe/accounts.ts'
import { SOMETHING } from '../../src/probe/files.ts'
import user from '../../tasks/user.ts'
import { testArguments, testTask } from './law.ts'

const pi: NonNullable<UserFact> = {
  uid: 1000,
  group: 'pi',
  groups: ['adm', 'sudo'],
  comment: '',
  home: '/home/pi',
  shell: '/bin/bash',
}
const meaning = {
  4: 'the number is taken by another user',
  6: 'there is no such user or group',
  8: 'the user is logged in or has processes',
  9: 'a group of that name exists; give it as group',
  10: '/etc/group could not be changed',
  12: 'the home directory could not be made or removed',
}
const run = (script: string) => ({ do: 'run' as const, script, meaning })
const hash = '$y$j9T$abc$def'

testTask(user, [
  {
    it: 'is content',
    args: { name: 'pi' },
    facts: { user: pi },
    changes: [],
    result: { uid: 1000, home: '/home/pi', shell: '/bin/bash' },
  },
  {
    it: 'creates a user',
    args: { name: 'bob' },
    facts: { user: null, own: null },
    changes: [
      {
        summary: 'create user bob',
        actions: [run('useradd -m -s /bin/sh -d /home/bob -- bob')],
        effects: [
          {
            key: 'user:bob',
            value: { uid: null, group: 'bob', groups: [], comment: '', home: '/home/bob', shell: '/bin/sh' },
          },
          { key: 'group:bob', value: { gid: null } },
          { key: 'file:/home/bob', value: SOMETHING },
        ],
        below: { path: '/home/bob', is: 'unforeseen' },
      },
    ],
  },
  {
    it: 'puts a user into the group of his name when there is one',
    args: { name: 'bob', groups: ['adm'] },
    facts: { user: null, own: { gid: 1001 } },
    changes: [
      {
        actions: [run('useradd -m -s /bin/sh -d /home/bob -g bob -G adm -- bob')],
        needs: { groups: ['adm'] },
      },
    ],
  },
  {
    it: 'creates a system user with all that was asked for',
    args: {
      name: 'registry',
      uid: 990,
      group: 'docker',
      groups: ['video', 'adm', 'docker'],
      comment: "Bob's $(x)",
      home: '/srv/a b',
      create_home: false,
      shell: '/usr/sbin/nologin',
      system: true,
    },
    facts: { user: null },
    changes: [
      {
        summary: 'create user registry (in adm, video)',
        actions: [
          run(
            "useradd -M -s /usr/sbin/nologin -d '/srv/a b' -u 990 -g docker -G adm,video -c 'Bob'\\''s $(x)' -r -- registry",
          ),
        ],
      },
    ],
  },
  {
    it: 'adds to groups and stays in the others',
    args: { name: 'pi', groups: ['docker', 'adm'] },
    facts: { user: pi },
    changes: [
      {
        summary: 'change user pi: groups adm,docker,sudo (was adm,sudo)',
        actions: [run('usermod -G adm,docker,sudo -- pi')],
      },
    ],
  },
  {
    it: 'takes out of groups only when told to',
    args: { name: 'pi', groups: [], append: false },
    facts: { user: pi },
    changes: [
      { summary: 'change user pi: groups none (was adm,sudo)', actions: [run("usermod -G '' -- pi")] },
    ],
  },
  {
    it: 'changes all that differs at once',
    args: { name: 'pi', uid: 1001, shell: '/bin/sh', home: '/srv/pi', group: 'users', comment: 'x' },
    facts: { user: pi },
    changes: [{ actions: [run('usermod -u 1001 -g users -c x -d /srv/pi -s /bin/sh -- pi')] }],
  },
  {
    it: 'sets a password by standard input',
    args: { name: 'pi', password_hash: hash },
    facts: { user: pi, password: '!' },
    changes: [
      {
        summary: 'set the password of pi',
        actions: [{ do: 'run', script: 'chpasswd -e', stdin: `pi:${hash}\n` }],
      },
    ],
  },
  {
    it: 'leaves a password that is right',
    args: { name: 'pi', password_hash: hash },
    facts: { user: pi, password: hash },
    changes: [],
  },
  {
    it: 'removes a user, and keeps what is his',
    args: { name: 'pi', state: 'absent' },
    facts: { user: pi },
    changes: [{ summary: 'remove user pi', actions: [run('userdel -- pi')] }],
  },
  {
    it: 'removes a user and what is his',
    args: { name: 'pi', state: 'absent', remove_home: true },
    facts: { user: pi },
    changes: [{ summary: 'remove user pi with home directory and mail', actions: [run('userdel -r -- pi')] }],
  },
  { it: 'has nobody to remove', args: { name: 'bob', state: 'absent' }, facts: { user: null }, changes: [] },
  {
    it: 'does not remove root',
    args: { name: 'root', state: 'absent' },
    facts: { user: { ...pi, uid: 0 } },
    refuses: /root is not removed/,
  },
])

testArguments(user, {
  'a name with a colon': { name: 'a:b' },
  'an option in place of a name': { name: '-f' },
  'a comment that would break /etc/passwd': { name: 'a', comment: 'x:0:0' },
  'a text in place of a list': { name: 'a', groups: 'docker,adm' },
})
