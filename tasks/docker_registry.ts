import { basename } from 'node:path'
import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import {
  type Container,
  noVolumeProbe,
  registryProbe,
  type ServiceFact,
  volumeProbe,
} from '../src/probe/docker.ts'
import { planFile } from '../src/probe/filechange.ts'
import { type FileFact, fileProbe } from '../src/probe/files.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['compose'],
  properties: {
    compose: {
      type: 'string',
      format: 'template-file',
      description: 'Compose file of the registry, a path beside the playbook; {{ }} in it is filled in.',
    },
    dest: {
      ...absolutePath,
      default: '/opt/registry/docker-compose.yaml',
      description: 'Where the compose file is kept on the host.',
    },
    project: {
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9_-]*$',
      default: 'registry',
      description: 'Name of the compose project.',
    },
    port: {
      type: 'integer',
      minimum: 1,
      maximum: 65535,
      default: 5000,
      description: 'TCP port of the host on which the compose file lets the registry answer.',
    },
    volume: {
      type: 'string',
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]+$',
      default: 'registry-data',
      description:
        'Docker volume that holds the images. It is made here, and must be external in the compose file.',
    },
    state: {
      enum: ['present', 'absent'],
      default: 'present',
      description: 'With absent, containers and compose file are removed; the volume stays.',
    },
    delete_data: {
      type: 'boolean',
      default: false,
      description: 'With absent: also remove the volume, and all images with it.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'docker_registry',
  summary: 'Runs an image registry by docker compose, with its images in a named volume that outlives it.',
  args: schema,
  example: `- name: The cluster's image registry
  docker_registry:
    compose: files/registry/k3s-docker_docker-compose-registry.yaml
    port: 5000
`,
  returns: {},
  probes: (args) => ({
    service: registryProbe(args.port),
    file: fileProbe(args.dest),
    applied: fileProbe(appliedPath(args)),
    kept: args.state === 'absent' && args.delete_data ? volumeProbe(args.volume) : noVolumeProbe,
  }),
  plan(args, { service, file, applied, kept }) {
    if (args.state === 'absent') return down(args, service, [file, applied], kept)
    const files = planFile({ path: args.dest, content: contentOf(args), mode: '0644' }, file)
    const done = applied?.text === appliedText(args)
    if (files.length === 0 && done && isServing(args, service)) return []
    refuseOthers(args, service)
    return [up(args, service, files, applied)]
  },
})

function contentOf({ compose }: Wanted): { text: string } {
  if (compose.text !== null) return { text: compose.text }
  throw new TaskError(`${compose.path} is binary or larger than 64 KiB, so it is no compose file`)
}

/** Remembers which compose file was brought up, beside it. */
function appliedPath({ dest }: Wanted): string {
  return `${dest}.applied`
}

function appliedText({ compose }: Wanted): string {
  return `${compose.sha256}\n`
}

const DATA = '/var/lib/registry'

function holdsData(container: Container, volume: string): boolean {
  return container.volumes.some((one) => one.path === DATA && one.name === volume)
}

function isServing({ project, port, volume }: Wanted, { containers, health }: ServiceFact): boolean {
  const serves = (one: Container) => one.running && one.ports.includes(port) && holdsData(one, volume)
  return health === 200 && (containers ?? []).some((one) => one.project === project && serves(one))
}

/** Whoever else has the port keeps it; another registry's images are not ours to lose. */
function refuseOthers({ project, port }: Wanted, { containers, listener }: ServiceFact): void {
  const holders = (containers ?? []).filter((one) => one.running && one.ports.includes(port))
  const stranger = holders.find((one) => one.project !== project)
  if (stranger !== undefined) {
    const volumes = stranger.volumes.map((one) => one.name).join(', ')
    throw new TaskError(
      `port ${port} is taken by the container ${stranger.name} (${stranger.image})`,
      `stop it first: docker stop ${stranger.name}${volumes === '' ? '' : `; its data stay in the volume ${volumes}`}`,
    )
  }
  if (holders.length > 0 || listener === '') return
  const program = /users:\(\("([^"]+)",pid=(\d+)/.exec(listener)
  const who = program === null ? listener : `${program[1]} (pid ${program[2]})`
  throw new TaskError(`port ${port} is taken by ${who}`, 'stop it, or give the registry another port')
}

function up(args: Wanted, service: ServiceFact, files: Change[], applied: FileFact): Change {
  const { project, port, volume, compose } = args
  const own = (service.containers ?? []).filter((one) => one.project === project)
  const old = own.flatMap((one) =>
    one.volumes.filter((at) => at.path === DATA && at.name !== volume).map((at) => [one, at] as const),
  )[0]
  const after: Container = {
    name: project,
    image: 'registry',
    project,
    running: true,
    ports: [port],
    volumes: [{ name: volume, path: DATA, anonymous: false }],
  }
  const others = (service.containers ?? []).filter((one) => one.project !== project)
  const stamp = planFile(
    { path: appliedPath(args), content: { text: appliedText(args) }, mode: '0644' },
    applied,
  )
  const diff = files.find((one) => one.diff !== undefined)?.diff
  const moved =
    old === undefined ? '' : `, its images copied from volume ${old[1].name.slice(0, 12)} to ${volume}`
  return {
    summary: `bring up the registry on port ${port} (${basename(compose.path)})${moved}`,
    ...(diff === undefined ? {} : { diff }),
    actions: [
      { do: 'run', script: sh`mkdir -p -- ${args.dest.replace(/\/[^/]*$/, '')}` },
      ...files.flatMap((one) => one.actions),
      {
        do: 'run',
        script: upScript(args, old?.[0].name, old?.[1].name),
        atomic: true,
        timeout: 3600,
        meaning,
      },
      healthy(port),
      ...stamp.flatMap((one) => one.actions),
    ],
    effects: [
      ...[...files, ...stamp].flatMap((one) => one.effects),
      effect(registryProbe(port), { containers: [...others, after], health: 200, listener: 'docker' }),
    ],
  }
}

function down(args: Wanted, service: ServiceFact, files: FileFact[], kept: boolean): Change[] {
  const { project, port, dest, volume } = args
  const containers = service.containers ?? []
  const own = containers.filter((one) => one.project === project).map(({ name }) => name)
  const changes: Change[] = []
  if (own.length > 0 || files.some((file) => file !== null)) {
    const remove = own.length === 0 ? [] : [sh`docker rm -f ${own} >/dev/null || exit`]
    const paths = [dest, appliedPath(args)]
    const others = containers.filter((one) => one.project !== project)
    const after = { ...service, containers: service.containers && others }
    changes.push({
      summary: `remove the registry on port ${port}${args.delete_data ? '' : `; its images stay in the volume ${volume}`}`,
      actions: [
        {
          do: 'run',
          script: [
            ...remove,
            sh`docker network rm ${`${project}_default`} >/dev/null 2>&1`,
            sh`rm -f -- ${paths}; rmdir -- ${dest.replace(/\/[^/]*$/, '')} 2>/dev/null; :`,
          ].join('\n'),
        },
      ],
      effects: [
        effect(registryProbe(port), own.length === 0 ? after : { ...after, health: 0, listener: '' }),
        ...paths.map((path) => effect(fileProbe(path), null)),
      ],
    })
  }
  if (kept)
    changes.push({
      summary: `remove the volume ${volume} and the images in it`,
      actions: [{ do: 'run', script: sh`docker volume rm ${volume} >/dev/null` }],
      effects: [effect(volumeProbe(volume), false)],
    })
  return changes
}

const meaning = {
  3: 'there is neither a working `docker compose` nor a working `docker-compose`: install the package docker-compose',
  4: 'docker is not installed or not running: see to that in an earlier step',
  5: 'the named volume has content already, and the old container has another one: join them by hand',
}

/** The images of an older container in another volume are copied; that volume stays as it is. */
function upScript({ project, dest, volume }: Wanted, container?: string, from?: string): string {
  const where = (name: string) => sh`$(docker volume inspect -f '{{.Mountpoint}}' ${name})`
  const move = [
    `from=${where(from ?? '')}; to=${where(volume)}`,
    '[ -d "$from" ] && [ -d "$to" ] || exit 1; [ -z "$(ls -A "$to")" ] || exit 5',
    sh`docker stop ${container ?? ''} >/dev/null && cp -a "$from/." "$to/" && sync || { docker start ${container ?? ''}; exit 1; }`,
  ]
  return [
    'docker version >/dev/null 2>&1 || exit 4',
    "if docker compose version >/dev/null 2>&1; then compose='docker compose'",
    'elif docker-compose version >/dev/null 2>&1; then compose=docker-compose; else exit 3; fi',
    sh`docker volume create ${volume} >/dev/null || exit 1`,
    ...(from === undefined ? [] : move),
    sh`$compose -p ${project} -f ${dest} up -d`,
  ].join('\n')
}

function healthy(port: number): Change['actions'][number] {
  const script = sh`curl -fsS -m 10 -o /dev/null ${`http://127.0.0.1:${port}/v2/`}`
  return { do: 'wait', what: 'the registry to answer', script, timeout: 120, every: 2 }
}
