import type { Json } from '../src/core/json.ts'
import { LATE } from '../src/core/late.ts'
import { defineTask } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { type FileFact, fileProbe, isSomething } from '../src/probe/files.ts'

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
        exists: { type: 'boolean', description: 'Whether anything is there; of nothing this alone is told.' },
        path: { type: 'string', description: 'The path.' },
        isreg: { type: 'boolean', description: 'Whether it is a regular file.' },
        isdir: { type: 'boolean', description: 'Whether it is a directory.' },
        islnk: { type: 'boolean', description: 'Whether it is a symbolic link.' },
        mode: { type: 'string', description: 'Its mode, e.g. "0644".' },
        pw_name: { type: 'string', description: 'Name of its owner.' },
        gr_name: { type: 'string', description: 'Name of its group.' },
        size: { type: 'integer', description: 'Of a file, in bytes.' },
        lnk_target: { type: 'string', description: 'Where a link points, as it is written in the link.' },
        checksum: { type: 'string', description: 'SHA-256 of a file.' },
      },
      description: 'What is there.',
    },
  },
  probes: ({ path }) => ({ file: fileProbe(path) }),
  plan: () => [],
  result: ({ path }, { file }) => ({ stat: describe(path, file) }),
})

function describe(path: string, file: FileFact): Json {
  if (file === null) return { exists: false }
  if (isSomething(file)) return { ...LATER, exists: true, path }
  const { type, mode, owner, group, size, target, sha256 } = file
  const kind = { isreg: type === 'file', isdir: type === 'directory', islnk: type === 'link' }
  const known = { exists: true, path, ...kind, mode, pw_name: owner, gr_name: group, size }
  return {
    ...known,
    ...(target === undefined ? {} : { lnk_target: target }),
    ...(sha256 === null ? {} : { checksum: sha256 }),
  }
}

/** Of a path that will be there once steps before have been applied. */
const LATER = Object.fromEntries(
  ['isreg', 'isdir', 'islnk', 'mode', 'pw_name', 'gr_name', 'size', 'lnk_target', 'checksum'].map((name) => [
    name,
    LATE,
  ]),
)
