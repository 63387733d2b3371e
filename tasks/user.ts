import { quoteAll } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect, type Probe } from '../src/core/task.ts'
import {
  type GroupFact,
  groupProbe,
  ownGroupProbe,
  passwordProbe,
  type UserFact,
  userProbe,
} from '../src/probe/accounts.ts'
import { absolutePath, accountName } from '../src/probe/arguments.ts'
import { cleanPath, fileProbe, SOMETHING } from '../src/probe/files.ts'

type User = NonNullable<UserFact>

export default defineTask({
  name: 'user',
  summary: 'Creates, changes or removes a user account.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { ...accountName, description: 'Login name.' },
      state: {
        enum: ['present', 'absent'],
        default: 'present',
        description: 'Whether the account is to exist.',
      },
      uid: {
        type: 'integer',
        minimum: 0,
        description: 'Number of the user; the host chooses one when absent.',
      },
      group: {
        ...accountName,
        description: 'Primary group, which must exist; a new user gets that of his own name, or a new one.',
      },
      groups: { type: 'array', items: accountName, description: 'Other groups, which must exist.' },
      append: {
        type: 'boolean',
        default: true,
        description: 'Leave the user in groups that are not listed; with false he is taken out of them.',
      },
      comment: { type: 'string', pattern: '^[^:\\n]*$', description: 'Full name or purpose.' },
      home: { ...absolutePath, description: 'Home directory; an old one is not moved.' },
      create_home: { type: 'boolean', default: true, description: 'Make the home directory of a new user.' },
      shell: { ...absolutePath, description: 'Login shell, e.g. /bin/bash. A new user gets /bin/sh.' },
      system: {
        type: 'boolean',
        default: false,
        description: 'Create it as a system account, with a low number.',
      },
      password_hash: {
        type: 'string',
        format: 'secret',
        pattern: '^[^:\\n]*$',
        description: 'Password as crypt(3) wrote it, e.g. by mkpasswd; "!" locks it.',
      },
      remove_home: {
        type: 'boolean',
        default: false,
        description: 'With absent: remove home directory and mail, too.',
      },
    },
  },
  example: `- name: Someone who may use docker
  user:
    name: pi
    groups: [docker, adm]
    shell: /bin/bash
`,
  returns: {
    uid: { type: 'integer', description: 'Number of the account.' },
    home: { type: 'string', description: 'Home directory.' },
    shell: { type: 'string', description: 'Login shell.' },
  },
  probes({ name, password_hash }) {
    const probes = { user: userProbe(name), own: ownGroupProbe(name) } as UserProbes
    // Looked at only when asked for: it needs root.
    if (password_hash !== undefined) probes.password = passwordProbe(name)
    return probes
  },
  plan(args, { user, own, password }) {
    if (args.state === 'absent') return user === null ? [] : [remove(args.name, user, args.remove_home)]
    const wanted = wantedUser(args, user)
    const changes = user === null ? [create(args, wanted, own !== null)] : modify(args.name, wanted, user)
    if (args.password_hash !== undefined && password !== args.password_hash) {
      changes.push(setPassword(args.name, args.password_hash))
    }
    return changes
  },
  result: (_, { user }) => ({ uid: user?.uid ?? undefined, home: user?.home, shell: user?.shell }),
})

type UserProbes = {
  user: Probe<UserFact>
  /** The group of his name. */
  own: Probe<GroupFact>
  password: Probe<string | null>
}

interface WantedUser {
  name: string
  uid?: number
  group?: string
  groups?: string[]
  append: boolean
  comment?: string
  home?: string
  create_home: boolean
  shell?: string
  system: boolean
}

function wantedUser(args: WantedUser, now: UserFact): User {
  const group = args.group ?? now?.group ?? args.name
  const listed = args.groups ?? now?.groups ?? []
  const groups = [...new Set(args.append ? [...listed, ...(now?.groups ?? [])] : listed)].filter(
    (one) => one !== group,
  )
  return {
    uid: args.uid ?? now?.uid ?? null,
    group,
    groups: groups.sort(),
    comment: args.comment ?? now?.comment ?? '',
    home: args.home ?? now?.home ?? `/home/${args.name}`,
    shell: args.shell ?? now?.shell ?? '/bin/sh',
  }
}

const MEANING = {
  4: 'the number is taken by another user',
  6: 'there is no such user or group',
  8: 'the user is logged in or has processes',
  9: 'a group of that name exists; give it as group',
  10: '/etc/group could not be changed',
  12: 'the home directory could not be made or removed',
}

function create(args: WantedUser, user: User, hasGroup: boolean): Change {
  const words = [args.create_home ? '-m' : '-M', '-s', user.shell, '-d', user.home]
  if (args.uid !== undefined) words.push('-u', String(args.uid))
  const group = args.group ?? (hasGroup ? args.name : undefined)
  if (group !== undefined) words.push('-g', group)
  if (user.groups.length > 0) words.push('-G', user.groups.join(','))
  if (user.comment !== '') words.push('-c', user.comment)
  if (args.system) words.push('-r')
  const also = user.groups.length > 0 ? ` (in ${user.groups.join(', ')})` : ''
  return {
    summary: `create user ${args.name}${also}`,
    actions: [
      { do: 'run', script: `useradd ${quoteAll(words)} -- ${quoteAll([args.name])}`, meaning: MEANING },
    ],
    effects: [
      effect(userProbe(args.name), user),
      ...(group === undefined ? [effect(groupProbe(args.name), { gid: null })] : []),
      ...(args.create_home ? [effect(fileProbe(user.home), SOMETHING)] : []),
    ],
    ...(args.create_home && { below: { path: cleanPath(user.home), is: 'unforeseen' } }),
    needs: { groups: [...(args.group === undefined ? [] : [args.group]), ...user.groups] },
  }
}

function modify(name: string, wanted: User, now: User): Change[] {
  const words: string[] = []
  const said: string[] = []
  const set = (option: string, what: string, before: string, after: string) => {
    if (before === after) return
    words.push(option, after)
    said.push(`${what} ${after || 'none'} (was ${before || 'none'})`)
  }
  set('-u', 'uid', String(now.uid), String(wanted.uid))
  set('-g', 'group', now.group ?? '', wanted.group ?? '')
  set('-G', 'groups', now.groups.join(','), wanted.groups.join(','))
  set('-c', 'comment', now.comment, wanted.comment)
  set('-d', 'home', now.home, wanted.home)
  set('-s', 'shell', now.shell, wanted.shell)
  if (words.length === 0) return []
  const script = `usermod ${quoteAll(words)} -- ${quoteAll([name])}`
  return [
    {
      summary: `change user ${name}: ${said.join(', ')}`,
      actions: [{ do: 'run', script, meaning: MEANING }],
      effects: [effect(userProbe(name), wanted)],
      needs: { groups: [wanted.group ?? '', ...wanted.groups].filter((one) => !groupsOf(now).includes(one)) },
    },
  ]
}

function groupsOf({ group, groups }: User): (string | null)[] {
  return [group, ...groups]
}

function setPassword(name: string, hash: string): Change {
  return {
    summary: `set the password of ${name}`,
    // By standard input, for arguments can be seen by every user of the host.
    actions: [{ do: 'run', script: 'chpasswd -e', stdin: `${name}:${hash}\n` }],
    effects: [effect(passwordProbe(name), hash)],
  }
}

function remove(name: string, user: User, home: boolean): Change {
  if (name === 'root') throw new TaskError('root is not removed')
  return {
    summary: `remove user ${name}${home ? ' with home directory and mail' : ''}`,
    actions: [{ do: 'run', script: `userdel${home ? ' -r' : ''} -- ${quoteAll([name])}`, meaning: MEANING }],
    effects: [
      effect(userProbe(name), null),
      // userdel takes the group of that name along.
      ...(user.group === name ? [effect(groupProbe(name), null)] : []),
      ...(home ? [effect(fileProbe(user.home), null)] : []),
    ],
    ...(home && { below: { path: cleanPath(user.home), is: 'gone' } }),
  }
}
