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

function userOf(name: string, output: Output): UserFact {
  const [accounts = '', groups = ''] = output.stdout.toString().split(/^\n/m)
  if (output.code !== 0 || groups === '') {
    throw new TaskError(`can't ask for users: ${output.stderr.trim() || `exit code ${output.code}`}`)
  }
  const account = accounts
    .split('\n')
    .map((line) => line.split(':'))
    .find(([one]) => one === name)
  if (account === undefined) return null
  const [, , uid, gid = '', comment = '', home = '', shell = ''] = account
  const entries = groups.split('\n').map((line) => line.split(':'))
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
