import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, type Diff, effect, type Run } from '../src/core/task.ts'
import { k8sNodeProbe, type NodeFact, type Taint } from '../src/probe/k8snode.ts'
import { kubectlFunction } from '../src/probe/rollout.ts'

const pairs = (what: string) =>
  ({
    type: 'object',
    additionalProperties: { type: ['string', 'null'] },
    description: `${what} to set, by name; null removes one. Others stay.`,
  }) as const

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, description: 'Name of the node.' },
    state: {
      enum: ['present', 'absent'],
      default: 'present',
      description:
        'Absent deletes the Node and the password it has joined with, so that a new machine can take its name; with drained its pods move away before, if it is Ready.',
    },
    schedulable: {
      type: 'boolean',
      description: 'Whether new pods may come to it; false is what kubectl calls cordoned.',
    },
    drained: {
      type: 'boolean',
      default: false,
      description: 'Cordon it and move its pods away, as disruption budgets allow.',
    },
    delete_emptydir_data: {
      type: 'boolean',
      default: false,
      description: 'With drained: also move pods whose data in emptyDir volumes is lost thereby.',
    },
    delete_unmanaged_pods: {
      type: 'boolean',
      default: false,
      description:
        'With drained: also delete pods that nothing starts anew elsewhere; it is refused otherwise.',
    },
    labels: pairs('Labels'),
    annotations: pairs('Annotations'),
    taints: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['key', 'effect'],
        properties: {
          key: { type: 'string', minLength: 1, description: 'Name of the taint.' },
          value: { type: 'string', default: '', description: 'Value of the taint.' },
          effect: {
            enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
            description: 'What it keeps away.',
          },
        },
      },
      description: "All taints of the node, beside the cluster's own; an empty list removes them.",
    },
    timeout: { type: 'integer', minimum: 1, default: 600, description: 'Seconds that draining may take.' },
  },
} as const

type Wanted = Args<typeof schema>
type Pairs = Record<string, string | null>

export default defineTask({
  name: 'k8s_node',
  summary: 'Keeps a node of the cluster cordoned, drained, labelled or tainted as wanted, or deletes it.',
  args: schema,
  example: `- name: Take the node out of service
  k8s_node:
    name: rpi07
    drained: true

- name: Keep other pods away from the access node
  k8s_node:
    name: rpicloud
    schedulable: true
    labels: { role: access }
    taints: [{ key: access, effect: PreferNoSchedule }]
`,
  returns: {
    ready: { type: 'boolean', description: 'Whether the node is Ready.' },
    schedulable: { type: 'boolean', description: 'Whether new pods may come to it.' },
    version: { type: 'string', description: 'Version of its kubelet.' },
    labels: { type: 'object', description: 'Its labels.' },
    annotations: { type: 'object', description: 'Its annotations.' },
    taints: { type: 'array', description: 'Its taints, beside those of the cluster.' },
    pods: { type: 'array', description: 'Pods on it that draining would move, as namespace/name.' },
    unmanaged: { type: 'array', description: 'Those of them that nothing would start anew.' },
  },
  probes: ({ name }) => ({ node: k8sNodeProbe(nameOf(name)) }),
  plan(args, { node: { state, found } }) {
    if (args.drained && args.schedulable === true)
      throw new TaskError("a drained node is not schedulable: leave out one of 'drained' and 'schedulable'")
    if (state === 'down') throw new TaskError('the API server does not answer', 'look at k3s on this host')
    if (args.state === 'absent') return found === null ? [] : departure(args, found)
    if (found === null) {
      if (state === 'absent') return []
      throw new TaskError(`there is no node '${nameOf(args.name)}'`, 'see: k3s kubectl get nodes')
    }
    return presentChanges(args, found)
  },
  result: (_, { node: { found } }) => (found === null ? {} : { ...found }),
})

/** Node names are in lower case, whatever the host's is. */
function nameOf(name: string): string {
  return name.toLowerCase()
}

/** One thing to do to the node, and what of it is otherwise afterwards. */
interface Part {
  summary: string
  diff?: Diff
  command: string
  next: Partial<NodeFact>
  /** In seconds. */
  timeout?: number
}

function presentChanges(args: Wanted, node: NodeFact): Change[] {
  return carriedOut(args, node, [
    pairsPart(args, 'labels', node),
    pairsPart(args, 'annotations', node),
    taintsPart(args, node),
    schedulablePart(args, node),
    drainPart(args, node),
  ])
}

/** Pods of a dead node would never be gone; deleting the Node frees them. */
function departure(args: Wanted, node: NodeFact): Change[] {
  return [...(node.ready ? carriedOut(args, node, [drainPart(args, node)]) : []), deletion(args)]
}

function carriedOut(args: Wanted, node: NodeFact, planned: (Part | undefined)[]): Change[] {
  const name = nameOf(args.name)
  const parts = planned.filter((part) => part !== undefined)
  let after = node
  return parts.map(({ summary, diff, command, next, timeout }) => {
    after = { ...after, ...next }
    const run: Run = { do: 'run', script: `${kubectlFunction()}\n${command}` }
    if (timeout !== undefined) run.timeout = timeout
    return {
      summary,
      ...(diff && { diff }),
      actions: [run],
      effects: [effect(k8sNodeProbe(name), { state: 'seen', found: after })],
    }
  })
}

function pairsPart(args: Wanted, kind: 'labels' | 'annotations', node: NodeFact): Part | undefined {
  const name = nameOf(args.name)
  const wanted = Object.entries((args[kind] ?? {}) as Pairs)
  const late = wanted.filter(([key, value]) => node[kind][key] !== (value ?? undefined))
  if (late.length === 0) return undefined
  const words = late.map(([key, value]) => (value === null ? `${key}-` : `${key}=${value}`))
  const verb = kind === 'labels' ? 'label' : 'annotate'
  const next = { ...node[kind] }
  for (const [key, value] of late) {
    if (value === null) delete next[key]
    else next[key] = value
  }
  return {
    summary: `${verb} node ${name}: ${words.join(', ')}`,
    command: sh`k ${verb} node ${name} --overwrite ${words}`,
    next: { [kind]: next },
  }
}

function taintsPart({ name, taints }: Wanted, node: NodeFact): Part | undefined {
  if (taints === undefined) return undefined
  const titles = (list: Taint[]) => list.map(taintTitle)
  const [wanted, has] = [titles(taints), titles(node.taints)]
  const gone = has.filter((one) => !wanted.includes(one))
  const late = wanted.filter((one) => !has.includes(one))
  if (gone.length === 0 && late.length === 0) return undefined
  const words = [...gone.map((one) => `${one}-`), ...late]
  return {
    summary: `taint node ${nameOf(name)}: ${words.join(', ')}`,
    command: sh`k taint node ${nameOf(name)} --overwrite ${words}`,
    next: { taints },
  }
}

function taintTitle({ key, value, effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`
}

function schedulablePart({ name, schedulable }: Wanted, node: NodeFact): Part | undefined {
  if (schedulable === undefined || schedulable === node.schedulable) return undefined
  const verb = schedulable ? 'uncordon' : 'cordon'
  return {
    summary: `${verb} node ${nameOf(name)}`,
    command: sh`k ${verb} ${nameOf(name)}`,
    next: { schedulable },
  }
}

function drainPart(args: Wanted, node: NodeFact): Part | undefined {
  if (!args.drained || (!node.schedulable && node.pods.length === 0)) return undefined
  const name = nameOf(args.name)
  const flags = ['--ignore-daemonsets', `--timeout=${args.timeout}s`]
  if (args.delete_emptydir_data) flags.push('--delete-emptydir-data')
  if (args.delete_unmanaged_pods) flags.push('--force')
  else refuseUnmanaged(name, node)
  return {
    // How many pods it is by then depends on where others have gone in the meantime; the diff names those of now.
    summary: `drain node ${name}`,
    diff: { title: `pods of ${name}`, before: node.pods.map((pod) => `${pod}\n`).join(''), after: '' },
    command: sh`k drain ${name} ${flags}`,
    next: { schedulable: false, pods: [], unmanaged: [] },
    timeout: args.timeout + 60,
  }
}

function refuseUnmanaged(node: string, { unmanaged }: NodeFact): void {
  if (unmanaged.length === 0) return
  throw new TaskError(
    `${node} can't be drained: nothing would start ${unmanaged.join(', ')} anew elsewhere`,
    'delete_unmanaged_pods: true deletes them',
  )
}

/** The password stays behind at times, and then keeps a new machine of that name out. */
function deletion(args: Wanted): Change {
  const name = nameOf(args.name)
  return {
    summary: `delete node ${name} and its password`,
    actions: [
      {
        do: 'run',
        script: [
          kubectlFunction(),
          sh`k delete node ${name} --ignore-not-found --timeout=120s || exit`,
          sh`k delete secret -n kube-system ${`${name}.node-password.k3s`} --ignore-not-found`,
        ].join('\n'),
      },
    ],
    effects: [effect(k8sNodeProbe(name), { state: 'seen', found: null })],
  }
}
