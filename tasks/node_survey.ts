import { TaskError } from '../src/core/errors.ts'
import { defineTask } from '../src/core/task.ts'
import { tokenProbe } from '../src/probe/k3s.ts'
import { hasJoined, nodeViewProbe } from '../src/probe/nodeview.ts'
import { isRemade, recordOf, recordText } from '../src/probe/noderecord.ts'

export default defineTask({
  name: 'node_survey',
  summary:
    'Finds out on the k3s server what depends on a node whose machine is replaced, and changes nothing.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'server'],
    properties: {
      name: { type: 'string', minLength: 1, description: 'Name of the node.' },
      server: { type: 'string', minLength: 1, description: 'Name of the node of the k3s server.' },
      data: {
        enum: ['keep', 'lost'],
        default: 'keep',
        description: "What becomes of the volumes on the node's disk.",
      },
      machine_id: {
        type: 'string',
        default: '',
        description: 'What /etc/machine-id of the machine says that takes over; empty when it is not known.',
      },
    },
  },
  example: `- name: What depends on rpi14
  node_survey:
    name: rpi14
    server: rpi01
  register: found
`,
  returns: {
    joined: {
      type: 'boolean',
      description: 'The machine is in the cluster already, under a new Node object.',
    },
    known: { type: 'boolean', description: 'There is a Node object of that name.' },
    manifest: { type: 'string', description: 'ConfigMap with what must outlast the rebuild.' },
    labels: { type: 'object', description: 'Labels to restore.' },
    annotations: { type: 'object', description: 'Annotations to restore.' },
    taints: { type: 'array', description: 'Taints to restore.' },
    schedulable: { type: 'boolean', description: 'Whether pods could come to it.' },
    elsewhere: { type: 'array', items: { type: 'string' }, description: 'Other nodes that take pods.' },
    pods: { type: 'array', description: 'Pods of StatefulSets that can run nowhere else: namespace, name.' },
    claims: {
      type: 'array',
      description: 'Claims whose volumes are on it: namespace, name, uid, volume, pod.',
    },
    remade: {
      type: 'boolean',
      description: 'Claims that pods use have been made anew on it, all of them.',
    },
    volumes: { type: 'array', items: { type: 'string' }, description: 'Directories of its volumes.' },
    member: { type: 'string', description: 'Pod that is its member of a ring of Cassandra, else empty.' },
    host_id: { type: 'string', description: 'Host id of that member, else empty.' },
    others: { type: 'array', items: { type: 'string' }, description: 'Other pods of that ring.' },
    version: { type: 'string', description: 'Version that the server runs.' },
    token: { type: 'string', description: 'Secret that agents join with.' },
    url: { type: 'string', description: 'Address that agents join at; only where it is known.' },
  },
  probes: ({ name, server }) => ({
    view: nodeViewProbe(name.toLowerCase(), server.toLowerCase()),
    token: tokenProbe,
  }),
  plan(_, { view: { state, found } }) {
    if (state === 'absent')
      throw new TaskError('there is no cluster', 'set it up with playbooks/cluster.yaml')
    if (found === null || !found.healthy)
      throw new TaskError('the API server does not answer, or is not well', 'look at k3s on this host')
    return []
  },
  result({ name, data, machine_id }, { view: { found }, token }) {
    if (found === null) return {}
    const record = recordOf(found, data)
    const { labels, annotations, taints, schedulable, elsewhere, pods, claims, member, host_id } = record
    return {
      joined: hasJoined(found, machine_id),
      known: found.node !== null,
      manifest: recordText(name.toLowerCase(), record),
      labels,
      annotations,
      taints,
      schedulable,
      elsewhere,
      pods,
      claims,
      remade: isRemade(record, found),
      volumes: found.volumes.map(({ path }) => path),
      member,
      host_id,
      others: (found.ring?.pods ?? []).map((pod) => pod.name).filter((pod) => pod !== member),
      version: found.server_version,
      token: token ?? undefined,
      url: found.server_address === '' ? undefined : `https://${found.server_address}:6443`,
    }
  },
})
