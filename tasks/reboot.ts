import { defineTask, effect } from '../src/core/task.ts'
import { rebootRequired } from '../src/probe/kernel.ts'

export default defineTask({
  name: 'reboot',
  summary: 'Restarts the host and waits until it is back.',
  args: {
    type: 'object',
    additionalProperties: false,
    properties: {
      if_required: {
        type: 'boolean',
        default: false,
        description:
          'Only when the host asks for it (/run/reboot-required); otherwise each time, so in a handler.',
      },
      timeout: {
        type: 'integer',
        minimum: 30,
        default: 600,
        description:
          'How long it may take, in seconds; a Pi with containers takes a minute and a half to stop.',
      },
    },
  },
  example: `- name: A new kernel takes effect
  reboot:
    if_required: true
`,
  returns: {},
  probes: () => ({ required: rebootRequired }),
  plan({ if_required, timeout }, { required }) {
    if (if_required && !required) return []
    const summary = required ? 'restart the host, which asks for it' : 'restart the host'
    const change = {
      summary,
      actions: [{ do: 'reboot' as const, timeout }],
      effects: [effect(rebootRequired, false)],
    }
    return if_required ? [change] : [{ ...change, repeats: true as const }]
  },
})
