import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Output, Probe } from '../core/task.ts'
import { isObject } from './docker.ts'

/** The parts of an image's name. */
export interface ImageName {
  /** Host and port of the registry; empty where the name has none. */
  registry: string
  repository: string
  tag: string
}

/** As docker takes a name apart: what stands before the first slash is a registry if it looks like a host. */
export function parseImage(name: string): ImageName {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const registry = /[.:]|^localhost$/.test(first) ? first : ''
  const rest = registry === '' ? name : name.slice(slash + 1)
  const [, repository = rest, tag = 'latest'] = /^(.*?)(?::([^/:]+))?$/.exec(rest) ?? []
  return { registry, repository, tag }
}

/** Names the origin of an image that we built, in its labels. */
export const ORIGIN_LABEL = 'provision.origin'

/** The tag under which a registry knows where an image comes from. */
export function originTag(origin: string): string {
  return `provision-${origin.slice(0, 20)}`
}

/** What is known of an image on a host and in its registry. */
export type ImageFact = {
  /** Whether docker answers. */
  docker: boolean
  /** Null when docker has no image of that name. `origin` is empty where we did not make it. */
  local: { id: string; origin: string } | null
  /** Id of the image that it is a copy of; null when docker has none of that name. */
  source: string | null
  /** Digests in the registry, of the name and of the origin's tag; null where it has none. */
  registry: { tagged: string | null; origin: string | null } | null
}

/** `origin` is a hash of all that the image comes from; `source` the name of an image that it is to be a copy of. */
export function imageProbe(name: string, origin: string, source?: string): Probe<ImageFact> {
  return {
    key: `image:${name}:${origin.slice(0, 20)}`,
    script: imageScript(parseImage(name), name, origin, source),
    parse: imageFact,
  }
}

const SOCKET = '/var/run/docker.sock'
const ACCEPT = ['manifest.v2', 'manifest.list.v2']
  .map((kind) => `application/vnd.docker.distribution.${kind}+json`)
  .concat(['manifest', 'index'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`))
  .join(', ')

/** One curl for docker, another for the registry, which docker takes without TLS where it is on this host. */
function imageScript(
  { registry, repository, tag }: ImageName,
  name: string,
  origin: string,
  source?: string,
): string {
  const status = ['-w', '\\nstatus %{http_code}\\n']
  const inspect = (image: string) => [
    '-s',
    '-m',
    '20',
    '--unix-socket',
    SOCKET,
    ...status,
    `http://docker/images/${image}/json`,
  ]
  const head = (one: string) => [
    '-s',
    '-I',
    '--noproxy',
    '*',
    '-m',
    '10',
    '-H',
    `Accept: ${ACCEPT}`,
    ...status,
    `$base/v2/${repository}/manifests/${one}`,
  ]
  const line = (words: string[]) =>
    words.map((word) => (word.startsWith('$base') ? `"$base"${sh`${word.slice(5)}`}` : sh`${word}`)).join(' ')
  return [
    'command -v curl >/dev/null || { echo no-curl; exit 0; }',
    'echo "==> local"',
    sh`[ ! -S ${SOCKET} ] || curl ${inspect(name)}`,
    ...(source === undefined ? [] : ['echo "==> source"', sh`[ ! -S ${SOCKET} ] || curl ${inspect(source)}`]),
    ...(registry === ''
      ? []
      : [
          'echo "==> registry"',
          sh`for base in ${[`http://${registry}`, `https://${registry}`]}; do`,
          `said=$(curl ${line(head(tag))} --next ${line(head(originTag(origin)))})`,
          // A registry with TLS answers 400 to what comes without.
          'case $said in *"status 000"*|*"status 400"*) ;; *) printf "%s\\n" "$said"; break;; esac; done',
        ]),
    ':',
  ].join('\n')
}

function imageFact({ stdout, stderr }: Output): ImageFact {
  const text = stdout.toString()
  if (text.startsWith('no-curl'))
    throw new TaskError(
      'curl is needed on the host to ask docker',
      'add it to the packages: package: {name: curl}',
    )
  const part = (name: string) =>
    new RegExp(`^==> ${name}\\n([^]*?)(?=^==> |$(?![^]))`, 'm').exec(text)?.[1] ?? ''
  const local = inspected(part('local'))
  const source = inspected(part('source'))
  const docker = /^status (?!000)\d+$/m.test(part('local'))
  if (/^status 50\d$/m.test(part('local')))
    throw new TaskError(`docker does not answer: ${part('local').trim()} ${stderr}`)
  return { docker, local, source: source?.id ?? null, registry: registryOf(part('registry')) }
}

function inspected(text: string): ImageFact['local'] {
  const [, json = '', status] = /^([^]*)\nstatus (\d+)$/m.exec(text) ?? []
  if (status !== '200') return null
  const image = JSON.parse(json) as JsonObject
  const labels = isObject(image.Config) && isObject(image.Config.Labels) ? image.Config.Labels : {}
  const origin = labels[ORIGIN_LABEL]
  return {
    id: typeof image.Id === 'string' ? image.Id : '',
    origin: typeof origin === 'string' ? origin : '',
  }
}

/** Two answers, each with its headers before its status. */
function registryOf(text: string): ImageFact['registry'] {
  const answers = text.split(/^status (\d+)$/m)
  const [tagged, first, origin, second] = answers
  if (first === undefined || second === undefined) return null
  const login = [first, second].find((status) => status === '401' || status === '403')
  if (login !== undefined)
    throw new TaskError('the registry asks for a login', 'only registries without one can be looked into')
  const digest = (headers: string | undefined, status: string) =>
    status === '200' ? (/^docker-content-digest:\s*(\S+)/im.exec(headers ?? '')?.[1] ?? null) : null
  return { tagged: digest(tagged, first), origin: digest(origin, second) }
}
