import { defineTask } from '../src/core/task.ts'

export default defineTask({
  name: 'set_fact',
  summary: 'Gives values a name for later steps, by the register of the step.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['values'],
    properties: {
      values: { type: 'object', description: 'Names and values; the register of the step holds them.' },
    },
  },
  example: `- name: Where the data lives
  set_fact:
    values:
      data: /mnt/storage/{{ inventory_hostname }}
  register: place
`,
  probes: () => ({}),
  plan: () => [],
  result: ({ values }) => values,
})
