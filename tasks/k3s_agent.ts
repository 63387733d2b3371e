import { explainSkew, parseK3sVersion } from '../src/base/k3s-version.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, defineTask } from '../src/core/task.ts'
import { k3sArguments, secretsIn } from '../src/probe/k3sarguments.ts'
import {
  type K3sFacts,
  type K3sService,
  k3sProbes,
  newerThanWanted,
  planK3s,
} from '../src/probe/k3sservice.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'server', 'token'],
  properties: {
    ...k3sArguments,
    server: {
      type: 'string',
      pattern: '^https://[^\\s/]+$',
      description: 'Address of the server, with https, e.g. https://16.0.0.11:6443.',
    },
    token: { type: 'string', format: 'secret', minLength: 1, description: "The server's token." },
    server_version: {
      type: 'string',
      description: 'Version of the server, to refuse an agent that Kubernetes does not allow beside it.',
    },
  },
} as const

export default defineTask({
  name: 'k3s_agent',
  summary: 'Installs k3s as an agent, joins it to a server and waits until its node is ready.',
  args: schema,
  example: `- name: The k3s agent
  k3s_agent:
    version: v1.25.4+k3s1
    server: "{{ hosts.rpi01.k3s.url }}"
    server_version: "{{ hosts.rpi01.k3s.version }}"
    token: "{{ hosts.rpi01.k3s.token }}"
`,
  returns: {
    version: { type: 'string', description: 'The version of k3s, e.g. v1.25.4+k3s1.' },
    message: {
      type: 'string',
      description: 'That the agent is newer than wanted and stays so; else absent.',
    },
  },
  probes: ({ config }) => k3sProbes('agent', config),
  plan(args, facts) {
    refuseSkew(args)
    return planK3s(serviceOf(args), facts as K3sFacts)
  },
  result({ version: release }, { k3s }) {
    const ahead = newerThanWanted({ role: 'agent', release }, k3s)
    if (ahead === undefined) return { version: release.version }
    const message = `k3s is at ${ahead} here, newer than ${release.version}; it stays so, for k3s can't be downgraded`
    return { version: ahead, message }
  },
  secrets: secretsIn,
})

function refuseSkew({ version, server_version }: Args<typeof schema>): void {
  const agent = parseK3sVersion(version.version)
  const server = parseK3sVersion(server_version ?? '')
  if (agent === undefined || server === undefined) return
  const why = explainSkew(agent, server)
  if (why === undefined) return
  throw new TaskError(
    `an agent of ${version.version} under a server of ${server_version}: ${why}`,
    'upgrade the server first, one minor version at a time, then its agents',
  )
}

function serviceOf(args: Args<typeof schema>): K3sService {
  const { version, server, token, config, registries, env, requires_mounts, timeout } = args
  const keys = { server, token, ...config }
  return { role: 'agent', release: version, config: keys, registries, env, mounts: requires_mounts, timeout }
}
