import { isDeepStrictEqual } from 'node:util'
import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import type { Json, JsonObject } from '../src/core/json.ts'
import { type Action, type Args, type Change, defineTask, effect } from '../src/core/task.ts'
import { accountName } from '../src/probe/arguments.ts'
import { isObject } from '../src/probe/docker.ts'
import { contentFact } from '../src/probe/files.ts'
import type { SeenFile } from '../src/probe/filesurvey.ts'
import { type KubeconfigFact, kubeconfigProbe, namedIn } from '../src/probe/kubeconfig.ts'
import { readMapping, writeMapping } from '../src/probe/yamltext.ts'

const secret = (description: string) =>
  ({ type: 'string', format: 'secret', minLength: 1, description }) as const

const schema = {
  type: 'object',
  additionalProperties: false,
  if: { properties: { state: { const: 'absent' } }, required: ['state'] },
  else: { required: ['server', 'ca', 'certificate', 'key'] },
  properties: {
    user: { ...accountName, description: 'Whose ~/.kube/config; of the user who logs in when absent.' },
    name: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9@._-]*$',
      default: 'default',
      description: 'Name of its cluster, user and context; k3s itself calls them "default".',
    },
    server: {
      type: 'string',
      pattern: '^https://[^\\s/]+$',
      description: 'Address of the API server as seen from here, e.g. https://16.0.0.11:6443.',
    },
    ca: secret("Certificate of the cluster's authority in Base64, from k3s_credentials."),
    certificate: secret("The administrator's certificate in Base64, from k3s_credentials."),
    key: secret("The administrator's key in Base64, from k3s_credentials."),
    proxy_url: {
      type: 'string',
      pattern: '^(socks5|https?)://[^\\s]+$',
      description:
        'How kubectl gets there from beyond the jump host: socks5://127.0.0.1:1080 while `ssh -N -D 1080 rpicloud` runs.',
    },
    tls_server_name: {
      type: 'string',
      minLength: 1,
      description: "Name in the server's certificate, where the address is one that it does not hold.",
    },
    current: {
      enum: ['if-unset', 'always'],
      default: 'if-unset',
      description: 'Whether kubectl is to use this cluster from now on, or only where it has no context yet.',
    },
    state: {
      enum: ['present', 'absent'],
      default: 'present',
      description: 'With absent, the entries of that name are removed; all others stay.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'kubeconfig',
  summary: "Puts a cluster into a user's ~/.kube/config; other clusters, users and contexts in it stay.",
  args: schema,
  example: `- name: kubectl of pi
  kubeconfig:
    user: pi
    server: https://16.0.0.11:6443
    ca: "{{ hosts.rpi01.admin.ca }}"
    certificate: "{{ hosts.rpi01.admin.certificate }}"
    key: "{{ hosts.rpi01.admin.key }}"
`,
  returns: { path: { type: 'string', description: 'Where the kubeconfig is.' } },
  probes: ({ user }) => ({ kubeconfig: kubeconfigProbe(user) }),
  plan(args, { kubeconfig: fact }) {
    if (fact === null) {
      if (args.state === 'absent') return []
      throw new TaskError(
        `there is no user ${args.user}`,
        "create it in an earlier step, with the task 'user'",
      )
    }
    refuseObstacle(fact)
    const path = pathOf(fact)
    const before = readMapping(path, fact.file?.text ?? '')
    const after = args.state === 'absent' ? without(before, args.name) : merged(path, before, args)
    return change(args, fact, before, after)
  },
  result: (_, { kubeconfig }) => ({ path: kubeconfig === null ? undefined : pathOf(kubeconfig) }),
})

type Seen = NonNullable<KubeconfigFact>

function pathOf({ home }: Seen): string {
  return `${home}/.kube/config`
}

function refuseObstacle(fact: Seen): void {
  const { directory, file } = fact
  if (directory !== null && directory.type !== 'directory')
    throw new TaskError(`${fact.home}/.kube is not a directory`)
  if (file?.type === 'link')
    throw new TaskError(
      `${pathOf(fact)} is a symbolic link to ${file.target}`,
      'it would be replaced by a file',
    )
  if (file !== null && file.text === null)
    throw new TaskError(`${pathOf(fact)} is not a readable text file of at most 64 KiB`)
}

const PARTS = [
  ['clusters', 'cluster'],
  ['users', 'user'],
  ['contexts', 'context'],
] as const

function merged(path: string, before: JsonObject, args: Wanted): JsonObject {
  const { name, current } = args
  const cluster = withoutEmpty({
    server: args.server,
    'certificate-authority-data': args.ca,
    'proxy-url': args.proxy_url,
    'tls-server-name': args.tls_server_name,
  })
  const user = withoutEmpty({ 'client-certificate-data': args.certificate, 'client-key-data': args.key })
  refuseOther(path, name, namedIn(before, 'clusters', 'cluster', name), cluster)
  const values = {
    cluster,
    user,
    context: { ...namedIn(before, 'contexts', 'context', name), cluster: name, user: name },
  }
  const after: JsonObject = { apiVersion: 'v1', kind: 'Config', ...before }
  for (const [list, kind] of PARTS) after[list] = withEntry(before[list], name, kind, values[kind])
  const unset = typeof before['current-context'] !== 'string' || before['current-context'] === ''
  if (unset || current === 'always') after['current-context'] = name
  return after
}

function withoutEmpty(values: Record<string, string | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(values).filter((one): one is [string, string] => one[1] !== undefined),
  )
}

/** Two clusters that are both called "default" are one too many. */
function refuseOther(path: string, name: string, has: JsonObject | undefined, wanted: JsonObject): void {
  if (has === undefined) return
  const same = (key: string) => has[key] === wanted[key]
  if (same('server') || same('certificate-authority-data')) return
  throw new TaskError(
    `${path} knows another cluster as '${name}' (${typeof has.server === 'string' ? has.server : 'without a server'})`,
    `give this one another name, or remove that one: kubectl config delete-cluster ${name}`,
  )
}

function withEntry(list: Json | undefined, name: string, kind: string, value: JsonObject): Json[] {
  const entries = Array.isArray(list) ? list : []
  const at = entries.findIndex((one) => isObject(one) && one.name === name)
  const entry = { name, [kind]: value }
  return at < 0 ? [...entries, entry] : entries.with(at, entry)
}

function without(before: JsonObject, name: string): JsonObject {
  const after = { ...before }
  for (const [list] of PARTS) {
    const entries = before[list]
    if (Array.isArray(entries)) after[list] = entries.filter((one) => !isObject(one) || one.name !== name)
  }
  if (before['current-context'] === name) after['current-context'] = ''
  return after
}

function change(args: Wanted, fact: Seen, before: JsonObject, after: JsonObject): Change[] {
  const path = pathOf(fact)
  const same = isDeepStrictEqual(before, after)
  const isPrivate = fact.file?.mode === '0600' && fact.file.owner === fact.user
  if (same && (fact.file === null || isPrivate)) return []
  const text = same ? (fact.file?.text ?? '') : writeMapping(after)
  const owned = { owner: fact.user, group: fact.group }
  const nothing = { size: 0, sha256: null, text: null }
  const folder: SeenFile = fact.directory ?? { type: 'directory', mode: '0700', ...owned, ...nothing }
  const file: SeenFile = { type: 'file', mode: '0600', ...owned, ...contentFact({ text }) }
  const actions: Action[] = [{ do: 'put', path, content: { text }, mode: '0600', ...owned }]
  if (fact.directory === null) {
    const make = sh`mkdir -m 0700 -- ${`${fact.home}/.kube`} && chown -h -- ${`${fact.user}:${fact.group}`} ${`${fact.home}/.kube`}`
    actions.unshift({ do: 'run', script: make })
  }
  const done: Change = {
    summary: summaryOf(args, path, fact, same),
    actions,
    effects: [effect(kubeconfigProbe(args.user), { ...fact, directory: folder, file })],
  }
  if (!same) done.diff = { title: path, before: shown(before), after: shown(after) }
  return [done]
}

function summaryOf({ name, server, state }: Wanted, path: string, { file }: Seen, same: boolean): string {
  if (same) return `make ${path} private (0600)`
  if (state === 'absent') return `remove the cluster ${name} from ${path}`
  return `${file === null ? 'create' : 'change'} ${path}: cluster ${name} at ${server}`
}

/** Logins of other clusters are secrets that nobody has told of. */
function shown(config: JsonObject): string {
  return Object.keys(config).length === 0 ? '' : writeMapping(masked(config, false) as JsonObject)
}

const HIDDEN = /(-data|token|password|secret)$/i

function masked(value: Json, hide: boolean): Json {
  if (Array.isArray(value)) return value.map((one) => masked(one, hide))
  if (!isObject(value)) return hide && typeof value === 'string' ? '********' : value
  // What a program is given to log in with may hold anything.
  const entries = Object.entries(value).map(([key, one]): [string, Json] => [
    key,
    masked(one, hide || HIDDEN.test(key) || key === 'auth-provider' || key === 'exec'),
  ])
  return Object.fromEntries(entries)
}
