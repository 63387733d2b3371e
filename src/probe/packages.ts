import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe, Survey } from '../core/task.ts'

/** A Debian package that is installed; null when it isn't, or only in part. */
export type PackageFact = {
  /** Null in a prediction: the version is known once it is installed. */
  version: string | null
} | null

/** Looks at a package by name, e.g. `curl` or `libc6:arm64`. All packages of a look share one `dpkg-query`. */
export function packageProbe(name: string): Probe<PackageFact> {
  return {
    key: `package:${name}`,
    script: { survey: packageSurvey, subject: name },
    parse: (output) => factOf(name, output),
  }
}

const FORMAT = '${Package}\\t${Architecture}\\t${db:Status-Status}\\t${Version}\\n'

const packageSurvey: Survey = {
  name: 'packages',
  script: (names) => sh`LC_ALL=C dpkg-query -W -f ${FORMAT} -- ${names}`,
}

function factOf(name: string, output: Output): PackageFact {
  const [wanted, wantedArchitecture] = name.split(':')
  for (const line of output.stdout.toString().split('\n')) {
    const [found, architecture, status, version = ''] = line.split('\t')
    if (found !== wanted || (wantedArchitecture ?? architecture) !== architecture) continue
    if (status === 'installed') return { version }
  }
  // Exit code 1 also says that some names are unknown; those that are known are printed all the same.
  if (output.code <= 1) return null
  throw new TaskError(
    `can't ask for installed packages: ${output.stderr.trim() || `exit code ${output.code}`}`,
    'this task needs a Debian host (dpkg)',
  )
}
