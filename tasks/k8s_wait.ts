import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect } from '../src/core/task.ts'
import { clusterProbe } from '../src/probe/kubectl.ts'
import {
  READINESS,
  readinessScript,
  selection,
  type Target,
  titleOf,
  waitUntilGone,
  waitUntilReady,
} from '../src/probe/waiting.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: {
      enum: [
        'Pod',
        'Node',
        'Deployment',
        'Job',
        'PersistentVolumeClaim',
        'PersistentVolume',
        'Namespace',
        'APIService',
      ],
      description: 'Kind of the objects. What k8s_manifest applies it waits for by itself.',
    },
    name: { type: 'string', minLength: 1, description: 'Name of the one object to wait for.' },
    labels: { type: 'string', minLength: 1, description: 'Instead of name: all objects with these labels.' },
    namespace: { type: 'string', default: 'default', description: 'Namespace of the objects.' },
    state: {
      enum: ['ready', 'absent'],
      default: 'ready',
      description: 'Ready: bound for a claim, complete for a Job, available for a Deployment.',
    },
    count: { type: 'integer', minimum: 1, default: 1, description: 'With labels: how many there must be.' },
    timeout: { type: 'integer', minimum: 1, default: 300, description: 'Seconds to wait.' },
  },
} as const

type Wanted = Args<typeof schema>
interface Seen extends Record<string, string> {
  name: string
  value: string
}

export default defineTask({
  name: 'k8s_wait',
  summary: 'Waits until objects of the cluster are ready or gone, and names those that are not.',
  args: schema,
  example: `- name: The benchmark pod runs
  k8s_wait:
    kind: Pod
    name: ycsb-benchmark
    timeout: 600
`,
  returns: {},
  probes: (args) => ({ objects: objectsProbe(args) }),
  plan(args, { objects }) {
    const target = targetOf(args)
    // Where there is no cluster yet, the steps that make it wait for it themselves.
    if (objects.state === 'absent' || isDone(args, objects.found ?? [])) return []
    return [waitChange(args, target)]
  },
})

function targetOf({ kind, name, labels, namespace }: Wanted): Target {
  if ((name === undefined) === (labels === undefined)) throw new TaskError("give one of 'name' and 'labels'")
  return { kind, namespace, name, labels }
}

function objectsProbe(args: Wanted) {
  const target = targetOf(args)
  const script = readinessScript(target)
  return clusterProbe<Seen[]>(`waited:${selection(target)}`, script, (stdout) =>
    stdout
      .split('\n')
      .filter((line) => line.includes('\t'))
      .map((line) => {
        const [name = '', value = ''] = line.split('\t')
        return { name, value }
      }),
  )
}

function isDone({ kind, state, count }: Wanted, objects: Seen[]): boolean {
  if (state === 'absent') return objects.length === 0
  return objects.length >= count && objects.every(({ value }) => value === READINESS[kind]!.wanted)
}

function waitChange(args: Wanted, target: Target): Change {
  const { state, count, timeout } = args
  const ready = Array.from({ length: count }, (_, at) => ({
    name: target.name ?? `${target.kind.toLowerCase()}-${at}`,
    value: READINESS[args.kind]!.wanted,
  }))
  const found = state === 'ready' ? ready : []
  return {
    summary: `wait until ${titleOf(target)} is ${state === 'ready' ? 'ready' : 'gone'}`,
    actions: [state === 'ready' ? waitUntilReady(target, count, timeout) : waitUntilGone(target, timeout)],
    effects: [effect(objectsProbe(args), { state: 'seen', found })],
    // What a pod will hold once it is there, nobody knows.
    ...(args.kind === 'Pod' && state === 'ready' ? { opaque: true } : {}),
  }
}
