import { TaskError } from '../src/core/errors.ts'
import { type Content, defineTask, type LocalFile } from '../src/core/task.ts'
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
  probes: (args) => ({ file: fileProbe(args.dest) }),
  plan: ({ src, content, dest, ...rest }, { file }) =>
    planFile({ ...rest, path: cleanPath(dest), content: contentOf(src, content) }, file),
})

function contentOf(src: LocalFile | undefined, text: string | undefined): Content {
  if ((src === undefined) === (text === undefined)) throw new TaskError("give either 'src' or 'content'")
  return src === undefined ? { text: text ?? '' } : { local: src }
}
