import { type Args, type Change, defineTask } from '../src/core/task.ts'
import { type FileFact, fileProbe } from '../src/probe/files.ts'
import { isRunning } from '../src/probe/k3s.ts'
import { planText, REGISTRIES, registriesFile } from '../src/probe/k3sfiles.ts'
import { registriesProperties } from '../src/probe/k3sregistries.ts'
import { planStart, serviceProbe } from '../src/probe/k3sservice.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...registriesProperties,
    node: { type: 'string', minLength: 1, description: "Name of the node, where it is not the host's name." },
    timeout: {
      type: 'integer',
      minimum: 10,
      default: 600,
      description: 'Seconds within which the node must be Ready after a restart.',
    },
  },
} as const

/** A template of containerd's settings that replaces all that k3s would write there. */
const TEMPLATE = '/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl'
/** A name that k3s does not read. */
const MISNAMED = '/etc/rancher/k3s/registries.yml'

export default defineTask({
  name: 'k3s_registries',
  summary:
    "Writes k3s's registries.yaml, all of it, and restarts k3s only where it runs without having read it.",
  args: schema,
  example: `- name: Every node takes the cluster's own images from rpicloud
  k3s_registries:
    mirrors:
      "127.0.0.1:5000": { endpoint: ["http://16.0.0.10:5000"] }
      "16.0.0.10:5000": { endpoint: ["http://16.0.0.10:5000"] }
`,
  returns: {
    message: {
      type: 'string',
      description: 'What may keep k3s from using the file; absent where nothing does.',
    },
  },
  probes: () => ({
    file: fileProbe(REGISTRIES),
    server: serviceProbe('server'),
    agent: serviceProbe('agent'),
    template: fileProbe(TEMPLATE),
    misnamed: fileProbe(MISNAMED),
  }),
  plan(args, { file, server, agent }) {
    const changes = planText(registriesFile(contentOf(args)), file)
    const [role, fact] = isRunning(server.active)
      ? (['server', server] as const)
      : (['agent', agent] as const)
    // Where k3s does not run, or is not there yet, its next start reads the file.
    if (!isRunning(fact.active)) return changes
    const unread = fact.newer.includes(REGISTRIES) || changes.some(({ diff }) => diff !== undefined)
    return unread ? [...changes, restart(args, role, fact)] : changes
  },
  result: (_, { template, misnamed }) => warning(template, misnamed),
})

type Wanted = Args<typeof schema>

function contentOf({ mirrors, configs }: Wanted) {
  return { ...(mirrors === undefined ? {} : { mirrors }), ...(configs === undefined ? {} : { configs }) }
}

function restart(
  { node, timeout }: Wanted,
  role: 'server' | 'agent',
  fact: Parameters<typeof planStart>[1],
): Change {
  const [start] = planStart({ role, timeout, node }, { ...fact, newer: [] }, ['registries.yaml'])
  return start!
}

function warning(template: FileFact, misnamed: FileFact): { message?: string } {
  if (template !== null) return { message: `${TEMPLATE} replaces what k3s would make of registries.yaml` }
  return misnamed === null ? {} : { message: `k3s does not read ${MISNAMED}: its name must end in .yaml` }
}
