import { type Args, defineTask } from '../src/core/task.ts'
import { tokenProbe } from '../src/probe/k3s.ts'
import { k3sArguments, secretsIn } from '../src/probe/k3sarguments.ts'
import { type K3sFacts, type K3sService, k3sProbes, planK3s } from '../src/probe/k3sservice.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['version'],
  properties: {
    ...k3sArguments,
    token: {
      type: 'string',
      format: 'secret',
      minLength: 8,
      description:
        'Secret that agents join with; k3s makes one of its own when absent. Never to be changed later.',
    },
  },
} as const

export default defineTask({
  name: 'k3s_server',
  summary:
    'Installs k3s as the server of the cluster and keeps it at one version; restarts it only when needed.',
  args: schema,
  example: `- name: The k3s server
  k3s_server:
    version: v1.25.4+k3s1
    config:
      node-ip: 16.0.0.11
      disable: [local-storage]
    requires_mounts: [/mnt/storage]
  register: k3s
`,
  returns: {
    version: { type: 'string', description: 'The version of k3s, e.g. v1.25.4+k3s1.' },
    token: { type: 'string', description: 'Secret that agents join with.' },
    url: { type: 'string', description: 'Address that agents join at; only where node-ip is in config.' },
  },
  probes: ({ config }) => ({ ...k3sProbes('server', config), token: tokenProbe }),
  plan: (args, facts) => planK3s(serviceOf(args), facts as K3sFacts),
  result: ({ version, config }, { token }) => ({
    version: version.version,
    token: (token as string | null) ?? undefined,
    ...(typeof config['node-ip'] === 'string' ? { url: `https://${config['node-ip']}:6443` } : {}),
  }),
  secrets: secretsIn,
})

function serviceOf(args: Args<typeof schema>): K3sService {
  const { version, token, config, registries, env, requires_mounts, timeout } = args
  const keys = token === undefined ? config : { ...config, token }
  return { role: 'server', release: version, config: keys, registries, env, mounts: requires_mounts, timeout }
}
