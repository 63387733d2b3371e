import { defineTask } from '../src/core/task.ts'
import { fileArguments } from '../src/probe/arguments.ts'
import { planFile } from '../src/probe/filechange.ts'
import { cleanPath, fileProbe } from '../src/probe/files.ts'

export default defineTask({
  name: 'template',
  summary: 'Fills in a template of the controller and puts it on the host.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['src', 'dest'],
    properties: {
      src: {
        type: 'string',
        format: 'template-file',
        description: 'Path of the template, beside the playbook; {{ }} in it is filled in for each host.',
      },
      ...fileArguments,
    },
  },
  example: `- name: Time servers
  template:
    src: files/timesyncd.conf.j2
    dest: /etc/systemd/timesyncd.conf
  notify: restart timesyncd
`,
  returns: {},
  probes: (args) => ({ file: fileProbe(args.dest) }),
  // The local file still holds the template: what was made of it travels as text.
  plan: ({ src, dest, ...rest }, { file }) =>
    planFile({ ...rest, path: cleanPath(dest), content: { text: src.text ?? '' } }, file),
})
