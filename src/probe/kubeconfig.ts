import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Output, Probe } from '../core/task.ts'
import { isObject } from './docker.ts'
import { fileSurvey, type SeenFile, surveyedFiles } from './filesurvey.ts'
import { KUBECONFIG } from './kubernetes.ts'
import { readMapping } from './yamltext.ts'

/** How the administrator of a cluster is known, in Base64 as in a kubeconfig. */
export type Credentials = { ca: string; certificate: string; key: string }

/** Looks into the kubeconfig that a k3s server writes for itself; null before its first start. */
export const credentialsProbe: Probe<Credentials | null> = {
  key: 'k3s-credentials',
  script: sh`[ -e ${KUBECONFIG} ] || exit 0; cat ${KUBECONFIG}`,
  parse({ code, stdout, stderr }) {
    if (code !== 0) throw new TaskError(`can't read ${KUBECONFIG}: ${stderr.trim()}`, "set 'become: true'")
    const config = readMapping(KUBECONFIG, stdout.toString())
    const [cluster, user] = [namedIn(config, 'clusters', 'cluster'), namedIn(config, 'users', 'user')]
    if (cluster === undefined || user === undefined) return null
    return {
      ca: textOf(cluster['certificate-authority-data']),
      certificate: textOf(user['client-certificate-data']),
      key: textOf(user['client-key-data']),
    }
  },
  secret: true,
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** What an entry of one of a kubeconfig's lists holds: the one of that name, or the first. */
export function namedIn(
  config: JsonObject,
  list: string,
  kind: string,
  name?: string,
): JsonObject | undefined {
  const entries = Array.isArray(config[list]) ? config[list].filter(isObject) : []
  const value = entries.find((one) => name === undefined || one.name === name)?.[kind]
  return isObject(value) ? value : undefined
}

/** A user's own kubeconfig; null when there is no such user. */
export type KubeconfigFact = {
  user: string
  group: string
  home: string
  /** What ~/.kube and ~/.kube/config are; null when there is nothing. */
  directory: SeenFile | null
  file: SeenFile | null
} | null

const DIRECTORY = './.kube'
const FILE = './.kube/config'

/** Looks at the kubeconfig of a user, or of whoever looks. */
export function kubeconfigProbe(user?: string): Probe<KubeconfigFact> {
  const find =
    user === undefined
      ? 'user=$(id -un) && home=$HOME'
      : sh`user=${user}; entry=$(getent passwd -- ${user}) || { [ $? -eq 2 ] && echo absent; exit; }` +
        '; home=${entry%:*}; home=${home##*:}'
  return {
    key: `kubeconfig:${user ?? ''}`,
    script: `${find}; group=$(id -gn -- "$user") || exit
echo "$user:$group:$home"; cd -- "$home" && ${fileSurvey.script([DIRECTORY, FILE])}`,
    parse: factOf,
  }
}

function factOf(output: Output): KubeconfigFact {
  const lineEnd = output.stdout.indexOf('\n')
  const first = output.stdout.toString('utf8', 0, lineEnd)
  if (first === 'absent') return null
  const [user = '', group = '', home = ''] = first.split(':')
  const { files, failures } = surveyedFiles({ ...output, stdout: output.stdout.subarray(lineEnd + 1) })
  for (const path of [DIRECTORY, FILE]) {
    const why = failures.get(path) ?? output.stderr.trim()
    if (home !== '' && (files.has(path) || /^No such file|^Not a directory/.test(why))) continue
    throw new TaskError(
      `can't look at the kubeconfig in ${home || 'the home directory'}: ${why}`,
      'is there a home directory, and is become set?',
    )
  }
  return { user, group, home, directory: files.get(DIRECTORY) ?? null, file: files.get(FILE) ?? null }
}
