import type { Json } from '../src/core/json.ts'
import { defineTask } from '../src/core/task.ts'

export default defineTask({
  name: 'debug',
  summary: 'Shows a message or a value, and changes nothing.',
  args: {
    type: 'object',
    additionalProperties: false,
    oneOf: [{ required: ['message'] }, { required: ['value'] }],
    properties: {
      message: { description: 'Text to show; what is no text is shown as JSON.' },
      value: { description: 'Any value; it is shown as JSON.' },
    },
  },
  example: `- debug:
    message: "{{ inventory_hostname }} has {{ facts.cpus }} cores"
`,
  returns: { message: { type: 'string', description: 'The text that was shown.' } },
  probes: () => ({}),
  plan: () => [],
  result: ({ message, value }): Record<string, Json> => ({
    message: typeof message === 'string' ? message : JSON.stringify(message ?? value, null, 2),
  }),
})
