import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { defineTask, effect, type Output, type Probe } from '../src/core/task.ts'

type CgroupFact = {
  /** The kernel has the memory controller and it is switched on. */
  memory: boolean
  kernel: string
  /** The kernel's command line as it is written for the next boot; null when no such file was found. */
  file: { path: string; text: string } | null
}

/** Where the boot loader of a Pi may have it, the newest place first. */
const PATHS = ['/boot/firmware/cmdline.txt', '/boot/firmware/current/cmdline.txt', '/boot/cmdline.txt']

/** What the running kernel says counts, whatever the file looks like: only newer kernels list it in the first place. */
const cgroupProbe: Probe<CgroupFact> = {
  key: 'cgroup-memory',
  script: [
    'for f in /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers; do',
    'read -r all 2>/dev/null < $f && case " $all " in *" memory "*) echo memory; exit;; esac; done',
    'while read -r name _ _ on; do [ "$name $on" = "memory 1" ] && { echo memory; exit; }; done < /proc/cgroups',
    'echo "kernel $(uname -r)"',
    sh`for f in ${PATHS}; do [ -r $f ] && grep -q '\(^\| \)root=' $f && echo "path $f" && cat $f && break; done; :`,
  ].join('\n'),
  parse: cgroupFact,
}

function cgroupFact({ stdout }: Output): CgroupFact {
  const text = stdout.toString()
  if (text === 'memory\n') return { memory: true, kernel: '', file: null }
  const [, kernel = ''] = /^kernel (.*)$/m.exec(text) ?? []
  const [, path, content = ''] = /^path (.*)\n([^]*)$/m.exec(text) ?? []
  return { memory: false, kernel, file: path === undefined ? null : { path, text: content } }
}

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
      const looked = `looked for root= in ${PATHS.join(', ')}`
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
