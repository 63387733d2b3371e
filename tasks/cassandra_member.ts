import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect, type WaitFor } from '../src/core/task.ts'
import { type Ring, type RingView, ringFunctions, ringProbe, TWO } from '../src/probe/ring.ts'
import { kubectlFunction } from '../src/probe/rollout.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['pod'],
  properties: {
    pod: { type: 'string', minLength: 1, description: 'Pod of the member.' },
    host_id: {
      type: 'string',
      pattern: '^([0-9a-f-]{36})?$',
      default: '',
      description: 'Host id that the member must have, or with absent the one that leaves; empty: any.',
    },
    state: {
      enum: ['up', 'absent'],
      default: 'up',
      description:
        'Up: up and normal, as other members see it. Absent takes a dead member out of the ring for good.',
    },
    namespace: { type: 'string', default: 'default', description: 'Namespace of the pods of the ring.' },
    labels: { type: 'string', default: 'app=cassandra', description: 'Labels of the pods of the ring.' },
    container: { type: 'string', default: 'cassandra', description: 'Container that nodetool is in.' },
    timeout: { type: 'integer', minimum: 1, default: 1800, description: 'Seconds to wait.' },
  },
} as const

type Wanted = Args<typeof schema>

/** Seconds within which the others must have noticed that a member is dead. */
const DEATH = 120

export default defineTask({
  name: 'cassandra_member',
  summary: 'Waits until one member of a Cassandra ring is up, or takes a dead one out of the ring.',
  args: schema,
  example: `- name: The member is back, and is the old one
  cassandra_member:
    pod: cassandra-12
    host_id: 6ea118bc-d38d-4be5-8c75-35d501edda7f
`,
  returns: { host_id: { type: 'string', description: 'Host id of the member that is up.' } },
  probes: (args) => ({ ring: ringProbe(ringOf(args)) }),
  plan(args, { ring: { state, found } }) {
    if (state === 'absent' || found === 'whole') return []
    if (found === null) throw new TaskError('the API server does not answer', 'look at k3s on this host')
    return args.state === 'up' ? planUp(args, found) : planAbsent(args, found)
  },
  result({ pod, host_id }, { ring: { found } }) {
    if (found === null || found === 'whole') return { host_id: host_id || undefined }
    return { host_id: memberOf(pod, found)?.host_id ?? (host_id || undefined) }
  },
})

function ringOf({ namespace, labels, container }: Wanted): Ring {
  return { namespace, labels, container }
}

function memberOf(pod: string, { pods, views }: RingView) {
  const ip = pods.find(({ name }) => name === pod)?.ip
  return views.at(-1)?.members.find(({ address }) => ip !== '' && address === ip)
}

function planUp(args: Wanted, found: RingView): Change[] {
  const { pod, host_id, timeout } = args
  const ip = found.pods.find(({ name }) => name === pod)?.ip ?? ''
  const isUp = (members: RingView['views'][number]['members']) =>
    members.some(({ state, address }) => state === 'UN' && address === ip)
  const member = memberOf(pod, found)
  if (member?.state === 'UN' && host_id !== '' && member.host_id !== host_id)
    throw new TaskError(
      `${pod} came back as a new member, ${member.host_id}, and not as ${host_id}: it has not found its data`,
      `look what is in its volume; the old member is still in the ring: k3s kubectl exec ${pod} -- nodetool status`,
    )
  if (found.views.length > 0 && found.views.every(({ members }) => isUp(members))) return []
  const after = { state: 'UN', address: ip || 'new', load: '?', host_id: host_id || 'new', rack: '' }
  const views = found.views.map((view) => ({
    ...view,
    members: [...view.members.filter(({ address }) => address !== after.address), after],
  }))
  const pods = [
    ...found.pods.filter(({ name }) => name !== pod),
    { name: pod, ip: after.address, node: '', ready: true },
  ]
  const some = views.length > 0 ? views : [{ pod, datacenter: '', members: [after] }]
  return [
    {
      summary: `wait until ${pod} is up and normal in the ring`,
      actions: [
        { do: 'wait', what: `${pod} to be up and normal`, script: upScript(args), timeout, every: 3 },
      ],
      effects: [effect(ringProbe(ringOf(args)), { state: 'seen', found: { pods, views: some } })],
    },
  ]
}

function upScript(args: Wanted): string {
  return [
    kubectlFunction(),
    ...ringFunctions(ringOf(args)),
    'all=$(pods) || exit 1',
    sh`ip=$(printf '%s\n' "$all" | awk -F '\t' -v pod=${args.pod} '$1 == pod && $4 == "True" { print $2 }')`,
    sh`[ -n "$ip" ] || { echo ${`pod ${args.pod} is not ready`} >&2; exit 1; }`,
    TWO,
    'for pod in $two; do seen=$(status "$pod") || { echo "$pod can\'t be asked" >&2; exit 1; }',
    `row=$(printf '%s\\n' "$seen" | awk -v ip="$ip" '$2 == ip { print $1 }')`,
    sh`[ "$row" = UN ] || { echo "$pod sees" ${args.pod} "as ` + '${row:-unknown}" >&2; exit 1; }; done',
  ].join('\n')
}

function planAbsent(args: Wanted, found: RingView): Change[] {
  const { pod, host_id, timeout } = args
  if (host_id === '') throw new TaskError("'absent' needs the member's host_id")
  if (found.views.length === 0) throw new TaskError('no member of the ring answers')
  const member = found.views.flatMap(({ members }) => members).find((one) => one.host_id === host_id)
  if (member === undefined) return []
  const isUp = member.state.startsWith('U')
  const views = found.views.map((view) => ({
    ...view,
    members: view.members.filter((one) => one.host_id !== host_id),
  }))
  const script = [
    kubectlFunction(),
    ...ringFunctions(ringOf(args)),
    'all=$(pods) || exit',
    TWO,
    'set -- $two; [ -n "$1" ] || { echo "no member of the ring answers" >&2; exit 1; }',
    sh`k exec "$1" -n ${args.namespace} -c ${args.container} -- nodetool removenode ${host_id}`,
  ].join('\n')
  const gone = [
    kubectlFunction(),
    ...ringFunctions(ringOf(args)),
    'all=$(pods) || exit 1',
    TWO,
    sh`for pod in $two; do ! status "$pod" | grep -F ${host_id} >&2 || exit 1; done`,
  ].join('\n')
  return [
    {
      summary: `remove ${pod} (${host_id}, ${member.state}) from the ring${isUp ? ' once it is dead' : ''}: its share goes to the others`,
      actions: [
        ...(isUp ? [untilDown(args)] : []),
        { do: 'run', script, timeout },
        { do: 'wait', what: `${host_id} to leave the ring`, script: gone, timeout, every: 3 },
      ],
      effects: [effect(ringProbe(ringOf(args)), { state: 'seen', found: { ...found, views } })],
    },
  ]
}

/** Others notice a death only after a while; whoever is alive is never removed. */
function untilDown(args: Wanted): WaitFor {
  const { pod, host_id } = args
  const script = [
    kubectlFunction(),
    ...ringFunctions(ringOf(args)),
    'all=$(pods) || exit 1',
    TWO,
    'for pod in $two; do seen=$(status "$pod") || exit 1',
    sh`address=$(printf '%s\n' "$seen" | awk -v id=${host_id} '$1 ~ /^U/ && index($0, id) { print $2 }')`,
    sh`[ -z "$address" ] || { echo ${pod} "is up at $address: its machine is alive, switch it off" >&2; exit 1; }; done`,
  ].join('\n')
  return { do: 'wait', what: `${pod} (${host_id}) to be down`, script, timeout: DEATH, every: 3 }
}
