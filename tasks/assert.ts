import { TaskError } from '../src/core/errors.ts'
import { defineTask } from '../src/core/task.ts'

export default defineTask({
  name: 'assert',
  summary: 'Stops a host unless conditions hold.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['that'],
    properties: {
      that: {
        anyOf: [{ type: 'boolean' }, { type: 'array', items: { type: 'boolean' }, minItems: 1 }],
        description: 'Conditions, each a template that gives true or false.',
      },
      message: {
        type: 'string',
        minLength: 1,
        description: 'What to say when one does not hold, and what to do about it.',
      },
    },
  },
  example: `- name: Enough memory for Cassandra
  assert:
    that: "{{ facts.memory_mb >= 1800 }}"
    message: This host has {{ facts.memory_mb }} MiB; Cassandra needs 2 GB.
`,
  returns: {},
  probes: () => ({}),
  plan({ that, message }) {
    const conditions = [that].flat()
    const broken = conditions.indexOf(false)
    if (broken < 0) return []
    const which =
      conditions.length === 1 ? 'the condition' : `condition ${broken + 1} of ${conditions.length}`
    throw new TaskError(message ?? `${which} does not hold`)
  },
})
