import { sh } from '../src/base/shell.ts'
import { defineTask, effect, type Probe } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { cleanPath, type FileFact, fileProbe, SOMETHING } from '../src/probe/files.ts'

export default defineTask({
  name: 'wait_for',
  summary: 'Waits until a port, an address, a path or a command answers.',
  args: {
    type: 'object',
    additionalProperties: false,
    oneOf: [{ required: ['port'] }, { required: ['url'] }, { required: ['path'] }, { required: ['command'] }],
    properties: {
      port: {
        type: 'integer',
        minimum: 1,
        maximum: 65535,
        description: 'TCP port that is to take connections.',
      },
      host: {
        type: 'string',
        pattern: '^[A-Za-z0-9][A-Za-z0-9.:-]*$',
        default: '127.0.0.1',
        description: 'Where the port is, as seen from the host.',
      },
      url: {
        type: 'string',
        pattern: '^https?://\\S+$',
        description: 'Address that is to answer, asked by curl on the host.',
      },
      status: {
        type: 'array',
        items: { type: 'integer', minimum: 100, maximum: 599 },
        minItems: 1,
        description: 'HTTP codes that count as an answer; any from 200 to 399 when absent.',
      },
      insecure: { type: 'boolean', default: false, description: 'Take any certificate of the url.' },
      path: { ...absolutePath, description: 'Path that is to exist.' },
      command: { type: 'string', minLength: 1, description: 'Read-only command that is to succeed.' },
      what: {
        type: 'string',
        minLength: 1,
        description: 'What is waited for, in words; else the port, address, path or command is shown.',
      },
      timeout: {
        type: 'integer',
        minimum: 1,
        default: 300,
        description: 'How long to wait at most, in seconds.',
      },
      every: { type: 'number', minimum: 0.1, default: 2, description: 'Time between two looks, in seconds.' },
    },
  },
  example: `- name: The API server answers
  wait_for:
    url: https://127.0.0.1:6443/readyz
    insecure: true
    status: [200, 401]
    timeout: 120
`,
  returns: {},
  probes(args): WaitProbes {
    const holds = look(args)
    return args.path === undefined ? { holds } : { holds, file: fileProbe(args.path) }
  },
  plan(args, { holds, file }) {
    if (isThere(holds, file)) return []
    const { timeout, every, path } = args
    const wait = { do: 'wait' as const, what: whatOf(args), script: scriptOf(args), timeout, every }
    const effects = [effect(look(args), true)]
    if (path !== undefined) effects.push(effect(fileProbe(path), SOMETHING))
    return [{ summary: `wait for ${wait.what}`, actions: [wait], effects }]
  },
})

/** Of a path the fact is asked as well: steps before this one may be about to make it. */
type WaitProbes = { holds: Probe<boolean>; file?: Probe<FileFact> }

/** Links are followed, which only the script does. */
function isThere(holds: boolean, file: FileFact | undefined): boolean {
  if (file === undefined) return holds
  return file !== null && (holds || file.type !== 'link')
}

interface Awaited {
  what?: string
  port?: number
  host: string
  url?: string
  status?: number[]
  insecure: boolean
  path?: string
  command?: string
}

function look(args: Awaited): Probe<boolean> {
  const script = scriptOf(args)
  return {
    key: `holds:${script}`,
    script: `(\n${script}\n) >/dev/null 2>&1`,
    parse: ({ code }) => code === 0,
    personal: args.command === undefined ? undefined : true,
  }
}

function whatOf({ what, port, host, url, path, command }: Awaited): string {
  if (what !== undefined) return what
  if (port !== undefined) return `port ${port} of ${host}`
  if (url !== undefined) return url
  return path === undefined ? `success of: ${command?.trim().split('\n', 1)[0]}` : path
}

/** Exits 0 when it holds, 1 when not yet, 3 when it never will. */
function scriptOf({ port, host, url, status, insecure, path, command }: Awaited): string {
  if (port !== undefined) return portScript(host, port)
  if (url !== undefined) return urlScript(url, status, insecure)
  if (path !== undefined) return sh`[ -e ${cleanPath(path)} ] || { echo not there yet >&2; exit 1; }`
  return `(\n${command}\n) || exit 1`
}

/** bash is on every Debian, nc is not. */
function portScript(host: string, port: number): string {
  return `command -v bash >/dev/null || { echo 'bash is not installed' >&2; exit 3; }
${sh`timeout 5 bash -c ${`exec 3<>/dev/tcp/${host}/${port}`}`} 2>/dev/null || { echo 'no connection' >&2; exit 1; }`
}

function urlScript(url: string, status: number[] | undefined, insecure: boolean): string {
  const codes = status === undefined ? '2??|3??' : status.join('|')
  const options = insecure ? '-k ' : ''
  return `command -v curl >/dev/null || { echo 'curl is not installed' >&2; exit 3; }
code=$(${sh`curl -sS -o /dev/null -m 10 -w %{http_code}`} ${options}${sh`-- ${url}`}) || exit 1
case $code in ${codes}) ;; *) echo "answered $code" >&2; exit 1 ;; esac`
}
