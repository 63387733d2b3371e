import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { sizeText } from '../src/base/bytes.ts'
import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Action, type Args, type Change, defineTask, effect } from '../src/core/task.ts'
import { type ImageFact, imageProbe, ORIGIN_LABEL, originTag, parseImage } from '../src/probe/images.ts'

const NAME = '^[a-z0-9][a-zA-Z0-9._:/-]*$'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: {
      type: 'string',
      pattern: NAME,
      description: 'Name of the image, with its registry and tag, e.g. 127.0.0.1:5000/ycsb-benchmark:latest.',
    },
    context: {
      type: 'string',
      format: 'local-directory',
      description: 'Directory beside the playbook that the image is built from; its .dockerignore counts.',
    },
    dockerfile: {
      type: 'string',
      minLength: 1,
      default: 'Dockerfile',
      description: 'Its path in the context.',
    },
    build_args: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Values of ARG in the Dockerfile. They stay readable in the image: no place for secrets.',
    },
    source: {
      type: 'string',
      pattern: NAME,
      description: 'Without a context: another image that this one is to be a copy of, e.g. cassandra:4.',
    },
    push: {
      type: 'boolean',
      description: 'Whether it is to be in its registry; true when absent and the name has one.',
    },
    timeout: {
      type: 'integer',
      minimum: 1,
      default: 3600,
      description: 'Seconds that building, and then pushing, may take.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'docker_image',
  summary:
    'Builds an image from a directory, or pulls one, and pushes it to its registry; only when it is another.',
  args: schema,
  example: `- name: The image of the benchmark
  docker_image:
    name: 127.0.0.1:5000/ycsb-benchmark
    context: files/ycsb/Docker
  register: image

- name: Cassandra from the cluster's own registry
  docker_image:
    name: 127.0.0.1:5000/cassandra:4
    source: cassandra:4
`,
  returns: {
    digest: {
      type: 'string',
      description: 'Digest of the image in its registry; absent where it is not pushed.',
    },
    origin: { type: 'string', description: 'Hash of all that the image comes from.' },
  },
  probes: (args) => ({ image: imageProbe(args.name, originOf(args), args.source) }),
  plan(args, { image }) {
    refuseArguments(args)
    const pushes = isPushed(args)
    if (pushes ? isInRegistry(image) : isLocal(args, image)) return []
    if (isLocal(args, image)) return [change(args, image, `push ${args.name}`, [])]
    if (pushes && image.registry?.origin)
      return [change(args, image, `tag ${args.name} again in its registry`, [fetch(args)])]
    if (args.context !== undefined)
      return [change(args, image, buildSummary(args, args.context), build(args, args.context))]
    return [change(args, image, pullSummary(args), [pull(args)])]
  },
  result(args, { image }) {
    const digest = image.registry?.tagged ?? undefined
    return {
      origin: originOf(args),
      ...(isPushed(args) ? { digest: digest === PREDICTED ? undefined : digest } : {}),
    }
  },
})

type Context = NonNullable<Wanted['context']>

function refuseArguments({ name, context, source, dockerfile, push }: Wanted): void {
  if (context !== undefined && source !== undefined)
    throw new TaskError("both 'context' and 'source' are given", 'an image is either built or copied')
  if (push && parseImage(name).registry === '')
    throw new TaskError(`${name} names no registry to push to`, 'write e.g. 127.0.0.1:5000/NAME')
  if (
    context === undefined ||
    context.entries.some((one) => one.kind !== 'directory' && one.name === dockerfile)
  )
    return
  throw new TaskError(
    `there is no ${dockerfile} in ${context.path}`,
    'is it left out by the .dockerignore there?',
  )
}

/** A hash of what decides what comes out: names, modes and bytes of the context, the Dockerfile, the arguments. */
function originOf({ name, context, dockerfile, build_args, source }: Wanted): string {
  const parts = context
    ? [context.sha256, dockerfile, Object.entries(build_args).sort(byName)]
    : [source ?? name]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function byName([one]: [string, string], [other]: [string, string]): number {
  return one < other ? -1 : 1
}

/** An image that is only pulled comes from its registry already. */
function isPushed({ name, push, context, source }: Wanted): boolean {
  return push ?? (parseImage(name).registry !== '' && (context !== undefined || source !== undefined))
}

function isInRegistry({ registry }: ImageFact): boolean {
  return registry !== null && registry.tagged !== null && registry.tagged === registry.origin
}

function isLocal(args: Wanted, { local, source }: ImageFact): boolean {
  if (local === null) return false
  if (args.context !== undefined) return local.origin === originOf(args)
  return args.source === undefined || local.id === source
}

/** Stands for a digest that only building can tell. */
const PREDICTED = 'predicted'

function change(args: Wanted, image: ImageFact, summary: string, actions: Action[]): Change {
  const pushes = isPushed(args)
  const origin = originOf(args)
  const after: ImageFact = {
    docker: true,
    local: { id: PREDICTED, origin },
    source: args.source === undefined ? null : PREDICTED,
    registry: pushes ? { tagged: PREDICTED, origin: PREDICTED } : image.registry,
  }
  return {
    summary: pushes && actions.length > 0 && !summary.startsWith('tag') ? `${summary} and push it` : summary,
    actions: [...actions, ...(pushes ? [pushAction(args)] : [])],
    effects: [effect(imageProbe(args.name, origin, args.source), after)],
  }
}

function buildSummary({ name }: Wanted, { path, entries, size }: Context): string {
  const files = entries.filter((one) => one.kind !== 'directory').length
  return `build ${name} from ${basename(path)} (${files} ${files === 1 ? 'file' : 'files'}, ${sizeText(size)})`
}

function pullSummary({ name, source }: Wanted): string {
  return source === undefined ? `pull ${name}` : `pull ${source} as ${name}`
}

const FOLDER = '/var/tmp/provision-images'

/** The archive goes, whatever comes of it. The output is shown as it comes, and its end again where it fails. */
function build(args: Wanted, context: Context): Action[] {
  const file = `${FOLDER}/${context.sha256.slice(0, 20)}.tar`
  const values = Object.entries(args.build_args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])
  const label = ['--label', `${ORIGIN_LABEL}=${originOf(args)}`]
  const script = [
    READY,
    sh`tar=${file}; cleanup() { rm -f -- "$tar" "$tar.log" "$tar.code"; rmdir ${FOLDER} 2>/dev/null; }`,
    "trap cleanup EXIT; trap 'exit 143' HUP INT TERM",
    sh`{ docker build ${label} ${values} -t ${args.name} -f ${args.dockerfile} - < "$tar" 2>&1; echo $? > "$tar.code"; } |`,
    'tee "$tar.log"; read -r code < "$tar.code"; [ "$code" -eq 0 ] || { tail -n 15 "$tar.log" >&2; exit 5; }',
  ].join('\n')
  return [
    { do: 'run', script: sh`mkdir -p -m 0700 -- ${FOLDER}` },
    { do: 'put', path: file, content: { local: context }, mode: '0600' },
    { do: 'run', script, timeout: args.timeout, meaning },
  ]
}

const READY = 'docker version >/dev/null 2>&1 || exit 4'

const meaning = {
  4: 'docker is not installed or not running: see to that in an earlier step',
  5: 'the image could not be built; the last lines of docker build say why',
  6: 'there is no such image: look at its name and tag',
}

const PULL = [
  READY,
  'pull() { said=$(docker pull -q "$1" 2>&1) && return; printf "%s\\n" "$said" >&2',
  'case $said in *"manifest unknown"*|*"not found"*|*"does not exist"*|*"access denied"*) exit 6;; esac; exit 1; }',
]

function pull({ name, source, timeout }: Wanted): Action {
  const from = source ?? name
  const tag = source === undefined ? [] : [sh`docker tag ${source} ${name}`]
  const have =
    source === undefined ? sh`pull ${from}` : sh`docker image inspect ${from} >/dev/null 2>&1 || pull ${from}`
  return { do: 'run', script: [...PULL, have, ...tag].join('\n'), timeout, meaning }
}

/** Its registry has what it was built as, but gives its name to another image. */
function fetch(args: Wanted): Action {
  const origin = originName(args)
  const script = [...PULL, sh`pull ${origin}`, sh`docker tag ${origin} ${args.name}`].join('\n')
  return { do: 'run', script, timeout: args.timeout, meaning }
}

function originName(args: Wanted): string {
  const { registry, repository } = parseImage(args.name)
  return `${registry}/${repository}:${originTag(originOf(args))}`
}

/** Under its name and under the tag of its origin, by which the next run knows it although it may be gone from here. */
function pushAction(args: Wanted): Action {
  const origin = originName(args)
  const script = [
    READY,
    sh`docker tag ${args.name} ${origin} && docker push -q ${args.name} && docker push -q ${origin} || exit`,
    sh`docker rmi ${origin} >/dev/null 2>&1; :`,
  ].join('\n')
  return { do: 'run', script, timeout: args.timeout, meaning }
}
