import { TaskError } from '../src/core/errors.ts'
import { defineTask, effect } from '../src/core/task.ts'
import { COMMAND_LINES, cgroupProbe } from '../src/probe/cgroups.ts'

const WANTED = ['cgroup_memory=1', 'cgroup_enable=memory']

export default defineTask({
  name: 'pi_cgroups',
  summary:
    "Switches on the memory controller that k3s needs in a Raspberry Pi's kernel, and restarts the Pi for it.",
  args: {
    type: 'object',
    additionalProperties: false,
    properties: {
      reboot_timeout: {
        type: 'integer',
        minimum: 30,
        default: 600,
        description: 'Seconds within which the host must be back after the restart.',
      },
    },
  },
  example: `- name: The kernel limits the memory of containers
  pi_cgroups: {}
`,
  returns: {},
  probes: () => ({ cgroups: cgroupProbe }),
  plan({ reboot_timeout: timeout }, { cgroups }) {
    if (cgroups.memory) return []
    const { kernel, file } = cgroups
    if (file === null) {
      const looked = `looked for root= in ${COMMAND_LINES.join(', ')}`
      throw new TaskError(
        `the kernel ${kernel} has no memory controller, and its command line was not found`,
        looked,
      )
    }
    const words = file.text.split(/\s+/).filter((word) => word !== '')
    const missing = WANTED.filter((word) => !words.includes(word))
    if (missing.length === 0) throw ignored(kernel, file.path)
    // All on one line: what stands on a second one is never read.
    const after = `${[...words, ...missing].join(' ')}\n`
    return [
      {
        summary: `add ${missing.join(' ')} to ${file.path} and restart`,
        diff: { title: file.path, before: file.text, after },
        actions: [
          {
            do: 'put',
            path: file.path,
            content: { text: after },
            backup: true,
            validate: "grep -q 'root=' %s",
          },
          { do: 'reboot', timeout },
        ],
        effects: [effect(cgroupProbe, { memory: true, kernel: '', file: null })],
      },
    ]
  },
})

function ignored(kernel: string, path: string): TaskError {
  return new TaskError(
    `the kernel ${kernel} has no memory controller although ${path} asks for it`,
    'restart the host if it was not since; some kernels of late 2024 ignore the option: update the kernel',
  )
}
