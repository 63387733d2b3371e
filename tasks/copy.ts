import { defineTask } from '../src/core/task.ts'
import { fileArguments } from '../src/probe/arguments.ts'
import { planFile } from '../src/probe/filechange.ts'
import { cleanPath, fileProbe } from '../src/probe/files.ts'

export default defineTask({
  name: 'copy',
  summary: 'Puts a file of the controller, or a given text, on the host.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['dest'],
    oneOf: [{ required: ['src'] }, { required: ['content'] }],
    properties: {
      src: {
        type: 'string',
        format: 'local-file',
        description: 'Path of the file, beside the playbook; any size, binary too.',
      },
      content: { type: 'string', description: 'The text of the file, in place of src.' },
      ...fileArguments,
    },
  },
  example: `- name: Who may log in
  copy:
    dest: /etc/ssh/sshd_config.d/10-cluster.conf
    content: |
      PasswordAuthentication no
    mode: "0644"
    validate: sshd -t -f %s
`,
  returns: {},
  probes: (args) => ({ file: fileProbe(args.dest) }),
  plan: ({ src, content, dest, ...rest }, { file }) =>
    planFile(
      { ...rest, path: cleanPath(dest), content: src ? { local: src } : { text: content ?? '' } },
      file,
    ),
})
