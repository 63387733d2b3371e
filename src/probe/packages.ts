import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe, Survey } from '../core/task.ts'

/** A Debian package that is installed; null when it isn't, or only in part. */
export type PackageFact = {
  /** Null in a prediction: the version is known once it is installed. */
  version: string | null
} | null

/** Looks at a package by name, e.g. `curl` or `libc6:arm64`. All packages of a look share one process. */
export function packageProbe(name: string): Probe<PackageFact> {
  return {
    key: `package:${name}`,
    script: { survey: packageSurvey, subject: name },
    parse: (output) => factOf(name, output),
  }
}

const STATUS = '/var/lib/dpkg/status'
const UPDATES = '/var/lib/dpkg/updates'
const FORMAT =
  'Package: ${Package}\\nStatus: ${Status}\\nArchitecture: ${Architecture}\\nVersion: ${Version}\\n\\n'

const packageSurvey: Survey = {
  name: 'packages',
  // dpkg-query reads all that dpkg knows of all packages. What its file does not hold yet lies beside it.
  script: (names) => {
    const packages = names.map((name) => name.replace(/:.*/, ''))
    return [
      `export LC_ALL=C; for f in ${UPDATES}/*; do [ -e "$f" ] || break`,
      sh`exec dpkg-query -W -f ${FORMAT} -- ${names}; done`,
      sh`exec grep -F -x -A 20 ${packages.flatMap((name) => ['-e', `Package: ${name}`])} ${STATUS}`,
    ].join('\n')
  },
}

function factOf(name: string, output: Output): PackageFact {
  const [wanted, wantedArchitecture] = name.split(':')
  for (const stanza of output.stdout.toString().split(/^(?:Package: |--$|$)/m)) {
    const [found] = stanza.split('\n')
    const field = (label: string) => new RegExp(`^${label}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
    const architecture = field('Architecture')
    if (found !== wanted || (wantedArchitecture ?? architecture) !== architecture) continue
    if (field('Status').endsWith(' installed')) return { version: field('Version') }
  }
  // Exit code 1 also says that some names are unknown; those that are known are printed all the same.
  if (output.code <= 1) return null
  throw new TaskError(
    `can't ask for installed packages: ${output.stderr.trim() || `exit code ${output.code}`}`,
    'this task needs a Debian host (dpkg)',
  )
}
