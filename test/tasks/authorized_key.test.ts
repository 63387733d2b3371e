import type { UserFact } from '../../src/probe/accounts.ts'
import type { AuthorizedKeysFact } from '../../src/probe/authorizedkeys.ts'
import authorizedKey from '../../tasks/authorized_key.ts'
import { testArguments, testTask } from './law.ts'
import { local, seen } from './seen.ts'

const pi: UserFact = { uid: 1000, group: 'pi', groups: [], comment: '', home: '/home/pi', shell: '/bin/bash' }
const own = { owner: 'pi', group: 'pi' }
const [one, two, three] = ['AAAAone=', 'AAAAtwo+/', 'AAAAthree'].map((key) => `ssh-ed25519 ${key}`) as [
  string,
  string,
  string,
]

function keys(text: string | null, more: object = {}): AuthorizedKeysFact {
  const file = text === null ? null : seen({ ...own, mode: '0600', text })
  return { home: '/home/pi', directory: seen({ ...own, type: 'directory', mode: '0700' }), file, ...more }
}

function edit(it: string, args: Record<string, unknown>, before: string, after: string) {
  const summary = 'change /home/pi/.ssh/authorized_keys'
  const diff = { title: '/home/pi/.ssh/authorized_keys', before, after }
  const changes = before === after ? [] : [{ summary, diff }]
  return { it, args: { user: 'pi', ...args }, facts: { user: pi, keys: keys(before) }, changes }
}

testTask(authorizedKey, [
  edit('is content', { key: one }, `${one}\n`, `${one}\n`),
  edit(
    'adds a key behind the others',
    { key: `${two} laptop` },
    `# mine\n${one}\n`,
    `# mine\n${one}\n${two} laptop\n`,
  ),
  edit(
    'adds several, as a list or as lines',
    { key: [`${two}\n# x\n\n`, three] },
    `${one}`,
    `${one}\n${two}\n${three}\n`,
  ),
  edit('takes keys from a file', { src: local(`${two} me\n`) }, `${one}\n`, `${one}\n${two} me\n`),
  edit(
    'replaces options and comment of a key',
    { key: `from="16.0.0.0/24" ${one} new` },
    `${one} old\n`,
    `from="16.0.0.0/24" ${one} new\n`,
  ),
  edit('knows a key behind options', { key: one, state: 'absent' }, `no-pty ${one} x\n${two}\n`, `${two}\n`),
  edit('removes a key and keeps comments', { key: one, state: 'absent' }, `# a\n${one}\n\n`, `# a\n\n`),
  edit(
    'removes all others when told to',
    { key: two, exclusive: true },
    `# a\n${one}\n${two}\n${three}\n`,
    `# a\n${two}\n`,
  ),
  {
    it: 'makes directory and file with the owner and modes that sshd wants',
    args: { user: 'pi', key: one },
    facts: { user: pi, keys: { home: '/srv/pi', directory: null, file: null } },
    changes: [
      {
        summary: 'create /srv/pi/.ssh, create /srv/pi/.ssh/authorized_keys',
        actions: [
          {
            do: 'run',
            script: 'mkdir -p -- /srv/pi/.ssh && chown -h -- pi: /srv/pi/.ssh && chmod -- 0700 /srv/pi/.ssh',
          },
          {
            do: 'put',
            path: '/srv/pi/.ssh/authorized_keys',
            content: { text: `${one}\n` },
            mode: '0600',
            ...own,
          },
        ],
      },
    ],
  },
  {
    it: 'corrects what would make sshd ignore the keys',
    args: { user: 'pi', key: one },
    facts: {
      user: pi,
      keys: keys(`${one}\n`, {
        file: seen({ text: `${one}\n`, mode: '0666' }),
        directory: seen({ type: 'directory', mode: '0777' }),
      }),
    },
    changes: [{ summary: 'make /home/pi/.ssh 0700 pi, change /home/pi/.ssh/authorized_keys' }],
  },
  {
    it: 'plans for a user that an earlier step makes',
    args: { user: 'pi', key: one },
    facts: { user: pi, keys: null },
    changes: [{ summary: 'create /home/pi/.ssh, create /home/pi/.ssh/authorized_keys' }],
  },
  {
    it: 'refuses a user that nobody makes',
    args: { user: 'bob', key: one },
    facts: { user: null, keys: null },
    refuses: /there is no user bob/,
  },
  {
    it: 'has nothing to remove from nobody',
    args: { user: 'bob', key: one, state: 'absent' },
    facts: { user: null, keys: null },
    changes: [],
  },
  {
    it: 'has nothing to remove from no file',
    args: { user: 'pi', key: one, state: 'absent' },
    facts: { user: pi, keys: keys(null) },
    changes: [],
  },
  {
    it: 'refuses a private key, and does not repeat it',
    args: { user: 'pi', key: '-----BEGIN OPENSSH PRIVATE KEY-----\nabc' },
    facts: { user: pi, keys: keys('') },
    refuses: /^this is a private key$/,
  },
  {
    it: 'refuses what is no key',
    args: { user: 'pi', key: 'hello' },
    facts: { user: pi, keys: keys('') },
    refuses: /'hello' is no public SSH key/,
  },
  {
    it: 'refuses nothing at all',
    args: { user: 'pi', key: '# none' },
    facts: { user: pi, keys: keys('') },
    refuses: /there is no key/,
  },
  {
    it: 'does not follow a link out of the home',
    args: { user: 'pi', key: one },
    facts: { user: pi, keys: keys('', { directory: seen({ type: 'link', target: '/etc' }) }) },
    refuses: /\.ssh is not a directory/,
  },
])

testArguments(authorizedKey, { 'no key': { user: 'pi' }, 'two sources': { user: 'pi', key: 'x', src: 'x' } })
