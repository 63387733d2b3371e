import { defineTask } from '../src/core/task.ts'

export default defineTask({
  name: 'set_fact',
  summary: 'Sets variables of the host for the steps that follow.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['values'],
    properties: {
      values: {
        type: 'object',
        description: 'Names and values; later steps of any play see them as variables of this host.',
      },
    },
  },
  example: `- name: Where the data lives
  set_fact:
    values:
      data: /mnt/storage/{{ inventory_hostname }}
- name: The folder itself
  file:
    path: '{{ data }}'
    state: directory
`,
  // Beside the names that are set, which `variables` tells.
  returns: {},
  probes: () => ({}),
  plan: () => [],
  result: ({ values }) => values,
  variables: ({ values }) => Object.keys(values),
})
