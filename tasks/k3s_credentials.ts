import { defineTask } from '../src/core/task.ts'
import { credentialsProbe } from '../src/probe/kubeconfig.ts'

export default defineTask({
  name: 'k3s_credentials',
  summary: "Reads on the k3s server how the cluster's administrator is known, and changes nothing.",
  args: { type: 'object', additionalProperties: false, properties: {} },
  example: `- name: What a kubeconfig needs
  k3s_credentials: {}
  register: admin
`,
  returns: {
    ca: { type: 'string', description: "Certificate of the cluster's authority, in Base64." },
    certificate: { type: 'string', description: "Secret: the administrator's certificate, in Base64." },
    key: { type: 'string', description: "Secret: the administrator's key, in Base64." },
  },
  probes: () => ({ credentials: credentialsProbe }),
  plan: () => [],
  // Before the server's first start nobody can tell.
  result: (_, { credentials }) => ({
    ca: credentials?.ca,
    certificate: credentials?.certificate,
    key: credentials?.key,
  }),
})
