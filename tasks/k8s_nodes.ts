import { sh } from '../src/base/shell.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { nodesProbe, type NodesFact } from '../src/probe/cluster.ts'
import { kubectlFunction } from '../src/probe/rollout.ts'

export default defineTask({
  name: 'k8s_nodes',
  summary: 'Waits until all these nodes of the cluster are Ready, and names those that are not.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['names'],
    properties: {
      names: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        description: 'Names of the nodes, e.g. the hosts of a group: "{{ groups.cluster }}".',
      },
      timeout: { type: 'integer', minimum: 1, default: 300, description: 'Seconds to wait.' },
    },
  },
  example: `- name: Every node is Ready
  k8s_nodes:
    names: [rpicloud, rpi01, rpi02]
`,
  returns: {
    nodes: {
      type: 'array',
      description: 'All nodes of the cluster.',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'Name of the node.' },
          ready: { type: 'boolean', description: 'Whether it is Ready.' },
          version: { type: 'string', description: 'Version of its kubelet.' },
        },
      },
    },
  },
  probes: () => ({ cluster: nodesProbe }),
  plan(args, { cluster }) {
    const names = args.names.map((name) => name.toLowerCase())
    const late = names.filter((name) => !cluster.nodes.some((node) => node.name === name && node.ready))
    // Where there is no cluster yet, the steps that make it wait for their nodes themselves.
    if (cluster.state === 'absent' || late.length === 0) return []
    return [waitChange(names, late, args.timeout, cluster)]
  },
  result: (_, { cluster }) => ({ nodes: cluster.nodes }),
})

function waitChange(names: string[], late: string[], timeout: number, { nodes }: NodesFact): Change {
  const ready = late.map((name) => ({
    name,
    ready: true,
    version: nodes.find((one) => one.name === name)?.version ?? '',
  }))
  const all = [...nodes.filter((node) => !late.includes(node.name)), ...ready]
  return {
    summary: `wait until ${late.join(', ')} ${late.length === 1 ? 'is' : 'are'} Ready`,
    actions: [
      {
        do: 'wait',
        what: `${late.length} of ${names.length} nodes to be Ready`,
        script: readyScript(names),
        timeout,
        every: 3,
      },
    ],
    effects: [effect(nodesProbe, { state: 'seen', nodes: all })],
  }
}

const READY = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{" "}{end}'

function readyScript(names: string[]): string {
  return [
    kubectlFunction(),
    sh`have=$(k get nodes -o jsonpath=${READY}) || exit 1`,
    sh`late=; for name in ${names}; do`,
    'case " $have" in *" $name=True "*) ;;',
    '*" $name="*) late="$late $name (not Ready)";; *) late="$late $name (has not joined)";; esac; done',
    '[ -z "$late" ] || { echo "still missing:$late" >&2; exit 1; }',
  ].join('\n')
}
