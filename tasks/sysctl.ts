import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { cleanPath, fileProbe } from '../src/probe/files.ts'
import { sysctlProbe } from '../src/probe/kernel.ts'
import { insertLine, joinLines, splitLines } from '../src/probe/lines.ts'

export default defineTask({
  name: 'sysctl',
  summary: 'Sets a kernel parameter, now and after each restart.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'value'],
    properties: {
      name: {
        type: 'string',
        pattern: '^[A-Za-z0-9_][A-Za-z0-9_./-]*$',
        description: 'Name, e.g. net.ipv4.ip_forward.',
      },
      value: {
        anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^[^\\n]+$' }],
        description: 'Value, as the kernel shows it.',
      },
      file: {
        ...absolutePath,
        default: '/etc/sysctl.d/90-provision.conf',
        description: 'File that keeps it for the next start; several steps may share one.',
      },
    },
  },
  example: `- name: Nodes forward packets
  sysctl:
    name: net.ipv4.ip_forward
    value: 1
`,
  returns: {},
  probes: ({ name, file }) => ({ live: sysctlProbe(name), file: fileProbe(file) }),
  plan({ name, value: given, file: path }, { live, file }) {
    if (name.includes('..')) throw new TaskError(`'${name}' is no kernel parameter`)
    const value = String(given).trim().split(/\s+/).join(' ')
    const text = withSetting(editableText(path, file), name, value)
    const changes: Change[] = planFile({ path: cleanPath(path), content: { text } }, file)
    if (live !== value) {
      changes.push({
        summary: `set ${name} to ${value} (was ${live ?? 'unknown to the kernel'})`,
        actions: [{ do: 'run', script: sh`sysctl -q -w ${`${name}=${value}`}`, meaning: MEANING }],
        effects: [effect(sysctlProbe(name), value)],
      })
    }
    return changes
  },
})

const MEANING = {
  1: 'the kernel has no such parameter, perhaps for want of a module, or it may not be set here',
}

/** A leading "-" tells sysctl to go on when the parameter can't be set. */
function withSetting(text: string, name: string, value: string): string {
  const lines = splitLines(text)
  const settings = lines.map((line) => /^\s*-?([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line.text))
  const at = settings.findLastIndex((setting) => setting?.[1] === name)
  const old = lines[at]
  if (old === undefined) return joinLines(insertLine(lines, `${name} = ${value}`, lines.length))
  const same = settings[at]?.[2]?.split(/\s+/).join(' ') === value
  return same ? text : joinLines(lines.with(at, { ...old, text: `${name} = ${value}` }))
}
