import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect } from '../src/core/task.ts'
import { type Ring, type RingView, ringFunctions, ringProbe, TWO } from '../src/probe/ring.ts'
import { kubectlFunction } from '../src/probe/rollout.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, description: 'How many members the ring has.' },
    namespace: { type: 'string', default: 'default', description: 'Namespace of its pods.' },
    labels: { type: 'string', default: 'app=cassandra', description: 'Labels of its pods.' },
    container: { type: 'string', default: 'cassandra', description: 'Container that nodetool is in.' },
    spread: {
      type: 'boolean',
      default: true,
      description: 'Each member must run on a node of its own.',
    },
    timeout: {
      type: 'integer',
      minimum: 1,
      default: 1800,
      description: 'Seconds to wait. Members join one by one, a minute or two each.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'cassandra_ring',
  summary: 'Waits until all members of a Cassandra ring are up and normal, and names those that are not.',
  args: schema,
  example: `- name: The ring is whole
  cassandra_ring:
    size: 13
`,
  returns: {
    members: {
      type: 'array',
      description:
        'Members as nodetool status shows them: state, address, load, host_id, rack, and pod and node.',
    },
    datacenter: { type: 'string', description: 'Name of the data centre.' },
  },
  probes: (args) => ({ ring: ringProbe(ringOf(args)) }),
  plan(args, { ring: { state, found } }) {
    // Where there is no cluster yet, the steps that make it wait for it themselves.
    if (state === 'absent') return []
    if (found === 'whole') return []
    if (found !== null && args.spread) refuseCrowded(found)
    const problem = found === null ? 'the cluster does not answer' : problemOf(args, found)
    return problem === undefined ? [] : [waitChange(args, problem)]
  },
  result(_, { ring: { found } }) {
    if (found === null || found === 'whole') return { members: undefined, datacenter: undefined }
    const [view] = found.views
    const members = (view?.members ?? []).map((member) => {
      const pod = found.pods.find(({ ip }) => ip === member.address)
      return { ...member, pod: pod?.name ?? null, node: pod?.node ?? null }
    })
    return { members, datacenter: view?.datacenter ?? '' }
  },
})

function ringOf({ namespace, labels, container }: Wanted): Ring {
  return { namespace, labels, container }
}

/** Why the ring is not whole; undefined when it is. */
function problemOf({ size }: Wanted, { pods, views }: RingView): string | undefined {
  if (pods.length !== size) return `${pods.length} of ${size} pods`
  if (views.length === 0) return 'no pod is ready'
  // The others see a member as up before it answers to clients.
  const late = pods.filter(({ ready }) => !ready).map(({ name }) => name)
  if (late.length > 0) return `${late.join(' and ')} ${late.length === 1 ? 'is' : 'are'} not ready`
  const addresses = new Set(pods.map(({ ip }) => ip))
  for (const { pod, members } of views) {
    const up = members.filter(({ state, address }) => state === 'UN' && addresses.has(address))
    const ids = new Set(up.map(({ host_id }) => host_id))
    if (ids.size !== size || members.length !== size) return `${pod} sees ${ids.size} of ${size} members up`
  }
  return undefined
}

function refuseCrowded({ pods }: RingView): void {
  for (const { name, node } of pods) {
    const other = pods.find((one) => one.node !== '' && one.node === node && one.name !== name)
    if (other === undefined) continue
    throw new TaskError(
      `${name} and ${other.name} both run on ${node}: with it, two members would be lost`,
      `make room on another node, then: k3s kubectl delete pod ${other.name}`,
    )
  }
}

function waitChange(args: Wanted, problem: string): Change {
  const { size, timeout } = args
  return {
    summary: `wait until the ring has ${size} members up (${problem})`,
    actions: [{ do: 'wait', what: `the ring of ${size}`, script: waitScript(args), timeout, every: 5 }],
    effects: [effect(ringProbe(ringOf(args)), { state: 'seen', found: 'whole' })],
  }
}

/** Says who is late; the order of the looks is that of how a ring comes up. */
function waitScript(args: Wanted): string {
  return [
    kubectlFunction(),
    ...ringFunctions(ringOf(args)),
    'all=$(pods) || exit 1',
    `n=$(printf '%s\n' "$all" | grep -c .)`,
    sh`[ "$n" -eq ${args.size} ] || { echo "$n of" ${args.size} pods >&2; exit 1; }`,
    TWO,
    '[ -n "$two" ] || { echo "no pod is ready" >&2; exit 1; }',
    `late=$(printf '%s\n' "$all" | awk -F '\t' '$4 != "True" { printf " %s", $1 }')`,
    '[ -z "$late" ] || { echo "not ready:$late" >&2; exit 1; }',
    `ips=" $(printf '%s\n' "$all" | cut -f 2 | tr '\n' ' ')"`,
    `for pod in $two; do seen=$(status "$pod") || { echo "$pod can't be asked" >&2; exit 1; }`,
    sh`printf '%s\n' "$seen" | awk -v size=${args.size} -v ips="$ips" -v pod="$pod" ${JUDGE} >&2 || exit 1; done`,
  ].join('\n')
}

/** Members count only at the addresses of the pods: one that has moved shows twice for a while. */
const JUDGE = [
  '!/^[UD?][NLJM] / { next } { n++ } $1 == "UN" && index(ips, " " $2 " ") { up++; next }',
  '{ late = late " " $2 " (" $1 ")" }',
  'END { if (up != size || n != size) { print pod " sees " up + 0 " of " size " members up;" late; exit 1 } }',
].join('\n')
