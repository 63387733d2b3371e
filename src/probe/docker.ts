import { isDeepStrictEqual } from 'node:util'
import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Output, Probe } from '../core/task.ts'

/** How the docker daemon was, or would be, started. */
export type DockerFact = {
  running: boolean
  /** Names of its command line's long options, without dashes; `H` becomes `host`. */
  flags: string[]
}

/** The command line is the running daemon's own, so it holds what unit, drop-ins and environment files made of it. */
export const dockerProbe: Probe<DockerFact> = {
  key: 'docker',
  script: [
    // The file has no end of line, at which read fails, though it has read; and a crash leaves the file behind.
    'pid= name=; { read -r pid < /run/docker.pid; read -r name < "/proc/${pid:-none}/comm"; } 2>/dev/null',
    'if [ "$name" = dockerd ] && [ -r "/proc/$pid/cmdline" ]; then',
    'echo running; tr "\\000" "\\n" < "/proc/$pid/cmdline"; else',
    "systemctl show -p ExecStart --value docker.service 2>/dev/null | tr ' ' '\\n'; fi; :",
  ].join('\n'),
  parse({ stdout }) {
    const words = stdout.toString().split('\n')
    const flags = words.flatMap((word) => /^--?([A-Za-z][A-Za-z0-9-]*)/.exec(word)?.[1] ?? [])
    return {
      running: words[0] === 'running',
      flags: [...new Set(flags.map((flag) => (flag === 'H' ? 'host' : flag)))],
    }
  },
}

/** A container as docker's API lists it. */
export type Container = {
  name: string
  image: string
  /** Of docker compose; empty when it did not make the container. */
  project: string
  running: boolean
  /** Ports of the host that it answers on. */
  ports: number[]
  volumes: { name: string; path: string; anonymous: boolean }[]
}

/** What is known of the service that answers on a port of the host. */
export type ServiceFact = {
  /** Null: docker is not there, or does not answer. */
  containers: Container[] | null
  /** Status of GET /v2/ on the port; 0 when nothing answers. */
  health: number
  /** Who listens on the port, in the words of ss; empty when nobody does. */
  listener: string
}

/** Looks at docker's containers and at a registry's port. */
export function registryProbe(port: number): Probe<ServiceFact> {
  return { key: `registry:${port}`, script: registryScript(port), parse: serviceFact }
}

/** Whether docker has a volume of that name. */
export function volumeProbe(name: string): Probe<boolean> {
  const url = `http://docker/volumes/${name}`
  return {
    key: `docker-volume:${name}`,
    script: sh`[ ! -S ${SOCKET} ] || curl -s -m 20 -o /dev/null -w ${'%{http_code}'} --unix-socket ${SOCKET} ${url}; :`,
    parse: ({ stdout }) => stdout.toString() === '200',
  }
}

/** Where it does not matter, for asking costs a process. */
export const noVolumeProbe: Probe<boolean> = { key: 'docker-no-volume', script: '', parse: () => false }

const SOCKET = '/var/run/docker.sock'

// One curl asks both the daemon and the registry; the docker command itself takes longer to start.
function registryScript(port: number): string {
  return [
    sh`[ -S ${SOCKET} ] || { echo null; exit 0; }`,
    'command -v curl >/dev/null || { echo no-curl; exit 0; }',
    sh`all=$(curl -s -m 20 --unix-socket ${SOCKET} ${'http://docker/containers/json?all=1'} ` +
      sh`--next -s -m 10 -o /dev/null -w ${'\\nhealth %{http_code}\\n'} ${`http://127.0.0.1:${port}/v2/`})`,
    'printf "%s\\nlistener\\n" "$all"',
    // Nobody asks who listens where a container does, and answers.
    sh`case $all in *${`"PublicPort":${port}`}[!0-9]*'health 200') ;; *) ss -Hltnp ${`sport = :${port}`};; esac; :`,
  ].join('\n')
}

function serviceFact({ stdout }: Output): ServiceFact {
  const text = stdout.toString()
  if (text === 'null\n') return { containers: null, health: 0, listener: '' }
  if (text === 'no-curl\n') {
    throw new TaskError(
      'curl is needed on the host to ask docker',
      'add it to the packages: package: {name: curl}',
    )
  }
  const [, list = '', health = '0', listener = ''] =
    /^([^]*?)\n?^health (\d+)\nlistener\n([^]*)$/m.exec(text) ?? []
  return { containers: containersOf(list), health: Number(health), listener: listener.trim() }
}

function containersOf(list: string): Container[] | null {
  if (!list.trim().startsWith('[')) return null
  return (JSON.parse(list) as ApiContainer[]).map((one) => ({
    name: (one.Names?.[0] ?? '').replace(/^\//, ''),
    image: one.Image ?? '',
    project: one.Labels?.['com.docker.compose.project'] ?? '',
    running: one.State === 'running',
    ports: (one.Ports ?? []).flatMap((port) => port.PublicPort ?? []),
    volumes: (one.Mounts ?? []).filter((mount) => mount.Type === 'volume').map(volumeOf),
  }))
}

interface ApiMount {
  Type?: string
  Name?: string
  Destination?: string
}

interface ApiContainer {
  Names?: string[]
  Image?: string
  State?: string
  Labels?: Record<string, string>
  Ports?: { PublicPort?: number }[]
  Mounts?: ApiMount[]
}

/** Docker gives a volume without a name 64 hexadecimal digits. */
function volumeOf({ Name: name = '', Destination: path = '' }: ApiMount): Container['volumes'][number] {
  return { name, path, anonymous: /^[0-9a-f]{64}$/.test(name) }
}

/** A JSON object with another laid over it: scalars are replaced, arrays united, what is only below is kept. */
export function mergeJson(below: JsonObject, above: JsonObject): JsonObject {
  const merged = { ...below }
  for (const [key, value] of Object.entries(above)) merged[key] = mergeValue(below[key], value)
  return merged
}

/** A JSON object without the entries of lists and the values of another; lists and objects that become empty go. */
export function withoutJson(below: JsonObject, taken: JsonObject): JsonObject {
  const left = Object.entries(below).flatMap(([key, value]): [string, Json][] => {
    const away = taken[key]
    if (away === undefined) return [[key, value]]
    if (Array.isArray(value) && Array.isArray(away)) {
      const gone = new Set(away.map((one) => JSON.stringify(one)))
      const kept = value.filter((one) => !gone.has(JSON.stringify(one)))
      return kept.length === 0 ? [] : [[key, kept]]
    }
    if (!isObject(value) || !isObject(away)) return isDeepStrictEqual(value, away) ? [] : [[key, value]]
    const kept = withoutJson(value, away)
    return Object.keys(kept).length === 0 ? [] : [[key, kept]]
  })
  return Object.fromEntries(left)
}

function mergeValue(below: Json | undefined, above: Json): Json {
  if (Array.isArray(below) && Array.isArray(above)) {
    const has = new Set(below.map((one) => JSON.stringify(one)))
    return [...below, ...above.filter((one) => !has.has(JSON.stringify(one)))]
  }
  return isObject(below) && isObject(above) ? mergeJson(below, above) : above
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
