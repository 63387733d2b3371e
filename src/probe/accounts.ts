import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe, Survey } from '../core/task.ts'

/** A user account, or null when there is none of that name. */
export type UserFact = {
  /** Null in a prediction: the host chooses it. */
  uid: number | null
  /** Name of the primary group; null in a prediction, a number where it has no name. */
  group: string | null
  /** Names of the other groups, sorted. */
  groups: string[]
  comment: string
  home: string
  shell: string
} | null

/** Looks at a user. All users of a look share one `getent passwd` and one `getent group`. */
export function userProbe(name: string): Probe<UserFact> {
  return {
    key: `user:${name}`,
    script: { survey: userSurvey, subject: name },
    parse: (output) => userOf(name, output),
  }
}

/** A group, or null when there is none of that name; its number is null in a prediction: the host chooses it. */
export type GroupFact = { gid: number | null } | null

export function groupProbe(name: string): Probe<GroupFact> {
  return {
    key: `group:${name}`,
    script: sh`getent group -- ${name}`,
    parse: ({ code, stdout, stderr }) => {
      if (code === 0) return { gid: Number(stdout.toString().split(':')[2]) }
      // 2 is getent's word for a name that is not there.
      if (code === 2) return null
      throw new TaskError(`can't ask for the group ${name}: ${stderr.trim() || `exit code ${code}`}`)
    },
  }
}

/** The same, out of the look at a user. */
export function ownGroupProbe(user: string): Probe<GroupFact> {
  return {
    key: groupProbe(user).key,
    script: { survey: userSurvey, subject: user },
    parse: (output) => {
      const entry = entriesOf(user, output).groups.find(([one]) => one === user)
      return entry === undefined ? null : { gid: Number(entry[2]) }
    },
  }
}

/** The password hash of a user; null without an entry. Needs root. */
export function passwordProbe(name: string): Probe<string | null> {
  return {
    key: `password:${name}`,
    // getent answers "not found" for what may not be read, too.
    script: `[ -r /etc/shadow ] || { echo '/etc/shadow may not be read' >&2; exit 1; }; ${sh`getent shadow -- ${name}`}`,
    parse: ({ code, stdout, stderr }) => {
      if (code === 0) return stdout.toString().split(':')[1] ?? ''
      if (code === 2) return null
      const why = stderr.trim() || `exit code ${code}`
      throw new TaskError(
        `can't look at the password of ${name}: ${why}`,
        "set 'become: true' to look as root",
      )
    },
    secret: true,
  }
}

const userSurvey: Survey = {
  name: 'users',
  // 2 means that some name is unknown, which is an answer.
  script: (names) => `${sh`getent passwd -- ${names}`}; [ $? -le 2 ] && echo && getent group`,
}

/** The account of that name, and all groups. */
function entriesOf(name: string, output: Output): { account?: string[]; groups: string[][] } {
  const [accounts = '', groups = ''] = output.stdout.toString().split(/^\n/m)
  if (output.code !== 0 || groups === '') {
    throw new TaskError(`can't ask for users: ${output.stderr.trim() || `exit code ${output.code}`}`)
  }
  const fields = (text: string) => text.split('\n').map((line) => line.split(':'))
  return { account: fields(accounts).find(([one]) => one === name), groups: fields(groups) }
}

function userOf(name: string, output: Output): UserFact {
  const { account, groups: entries } = entriesOf(name, output)
  if (account === undefined) return null
  const [, , uid, gid = '', comment = '', home = '', shell = ''] = account
  const group = entries.find((entry) => entry[2] === gid)?.[0] ?? gid
  const others = entries.filter((entry) => entry[3]?.split(',').includes(name)).map((entry) => entry[0] ?? '')
  return {
    uid: Number(uid),
    group,
    groups: others.filter((one) => one !== group).sort(),
    comment,
    home,
    shell,
  }
}
