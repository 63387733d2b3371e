import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { fileSurvey, type SeenFile, surveyedFiles } from './filesurvey.ts'

/** Where a user's SSH keys are kept; null when there is no such user. */
export type AuthorizedKeysFact = {
  home: string
  /** What ~/.ssh is; null when there is nothing. */
  directory: SeenFile | null
  /** What ~/.ssh/authorized_keys is; null when there is nothing. */
  file: SeenFile | null
} | null

const DIRECTORY = './.ssh'
const FILE = './.ssh/authorized_keys'

/** Looks at the SSH keys that may log in as a user, wherever that user's home is. */
export function authorizedKeysProbe(user: string): Probe<AuthorizedKeysFact> {
  return {
    key: `authorized_keys:${user}`,
    script: `${sh`entry=$(getent passwd -- ${user}); case $? in 0) ;; 2) echo absent; exit 0 ;; *) exit 1 ;; esac`}
home=\${entry%:*}; home=\${home##*:}
echo "home=$home"; cd -- "$home" && ${fileSurvey.script([DIRECTORY, FILE])}`,
    parse: (output) => factOf(user, output),
  }
}

function factOf(user: string, output: Output): AuthorizedKeysFact {
  const lineEnd = output.stdout.indexOf('\n')
  const first = output.stdout.toString('utf8', 0, lineEnd)
  if (first === 'absent') return null
  if (!first.startsWith('home='))
    throw new TaskError(`can't ask for the home of ${user}: ${output.stderr.trim()}`)
  const home = first.slice('home='.length)
  const { files, failures } = surveyedFiles({ ...output, stdout: output.stdout.subarray(lineEnd + 1) })
  for (const path of [DIRECTORY, FILE]) {
    if (files.has(path) || failures.get(path) === 'No such file or directory') continue
    const why = failures.get(path) ?? output.stderr.trim()
    throw new TaskError(
      `can't look at the SSH keys in ${home}: ${why}`,
      'is there a home directory, and is become set?',
    )
  }
  return { home, directory: files.get(DIRECTORY) ?? null, file: files.get(FILE) ?? null }
}
