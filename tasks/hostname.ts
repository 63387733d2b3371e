import { sh } from '../src/base/shell.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { fileProbe } from '../src/probe/files.ts'
import { withOwnName } from '../src/probe/hostsfile.ts'
import { liveHostname } from '../src/probe/kernel.ts'

const FILE = '/etc/hostname'
const HOSTS = '/etc/hosts'

export default defineTask({
  name: 'hostname',
  summary: 'Gives the host its name: now, after a restart, and in its own /etc/hosts.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: {
        type: 'string',
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        description:
          'Lower-case letters, digits and hyphens, without a domain; k3s names its nodes after it.',
      },
    },
  },
  example: `- name: The name of the inventory
  hostname:
    name: "{{ inventory_hostname }}"
`,
  returns: {},
  probes: () => ({ live: liveHostname, file: fileProbe(FILE), hosts: fileProbe(HOSTS) }),
  plan({ name }, { live, file, hosts }) {
    const ownName = withOwnName(editableText(HOSTS, hosts), name)
    // /etc/hosts first: without the new name in it, sudo complains as soon as the name is in force.
    const changes: Change[] = planFile({ path: HOSTS, content: { text: ownName } }, hosts)
    if (editableText(FILE, file).trim() !== name) {
      changes.push(...planFile({ path: FILE, content: { text: `${name}\n` } }, file))
    }
    if (live !== name) {
      changes.push({
        summary: `change the host name from ${live} to ${name}`,
        actions: [{ do: 'run', script: sh`hostname -- ${name}` }],
        effects: [effect(liveHostname, name)],
      })
    }
    return changes
  },
})
