import type { Json } from '../src/core/json.ts'
import { defineTask } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { type FileFact, fileProbe } from '../src/probe/files.ts'

export default defineTask({
  name: 'stat',
  summary: 'Tells what a path of the host is, and changes nothing.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { ...absolutePath, description: 'Absolute path on the host; links are not followed.' },
    },
  },
  example: `- name: Is it set up already?
  stat:
    path: /etc/site.conf
  register: site
- name: First steps
  command:
    cmd: site init
  when: not site.stat.exists
`,
  returns: {
    stat: {
      type: 'object',
      properties: {
        exists: { type: 'boolean' },
        path: { type: 'string' },
        isreg: { type: 'boolean' },
        isdir: { type: 'boolean' },
        islnk: { type: 'boolean' },
        mode: { type: 'string' },
        pw_name: { type: 'string' },
        gr_name: { type: 'string' },
        size: { type: 'integer' },
        lnk_target: { type: 'string' },
        checksum: { type: 'string' },
      },
      description:
        'Of what is there: exists, path, isreg, isdir, islnk, mode ("0644"), pw_name and gr_name (owner and group), ' +
        'size (bytes), lnk_target (where a link points), checksum (SHA-256 of a file). Of nothing: exists alone.',
    },
  },
  probes: ({ path }) => ({ file: fileProbe(path) }),
  plan: () => [],
  result: ({ path }, { file }) => ({ stat: describe(path, file) }),
})

function describe(path: string, file: FileFact): Json {
  if (file === null) return { exists: false }
  const { type, mode, owner, group, size, target, sha256 } = file
  const kind = { isreg: type === 'file', isdir: type === 'directory', islnk: type === 'link' }
  const known = { exists: true, path, ...kind, mode, pw_name: owner, gr_name: group, size }
  return {
    ...known,
    ...(target === undefined ? {} : { lnk_target: target }),
    ...(sha256 === null ? {} : { checksum: sha256 }),
  }
}
