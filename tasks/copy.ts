import { TaskError } from '../src/core/errors.ts'
import { type Args, defineTask, type LocalDirectory, type Probe } from '../src/core/task.ts'
import { fileArguments } from '../src/probe/arguments.ts'
import { planFile } from '../src/probe/filechange.ts'
import { cleanPath, type FileFact, fileProbe } from '../src/probe/files.ts'
import type { TreeFact } from '../src/probe/tree.ts'
import { planTree, treeOf, type WantedTree } from '../src/probe/treechange.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['dest'],
  oneOf: [{ required: ['src'] }, { required: ['content'] }],
  properties: {
    src: {
      type: 'string',
      format: 'local-path',
      description:
        'Path of the file, beside the playbook; any size, binary too. With a slash at its end: of a directory, what is in it goes into dest.',
    },
    content: { type: 'string', description: 'The text of the file, in place of src.' },
    ...fileArguments,
  },
} as const

export default defineTask({
  name: 'copy',
  summary: 'Puts a file or a directory of the controller, or a given text, on the host.',
  args: schema,
  example: `- name: Who may log in
  copy:
    dest: /etc/ssh/sshd_config.d/10-cluster.conf
    content: |
      PasswordAuthentication no
    mode: "0644"
    validate: sshd -t -f %s

- name: What the web server shows
  copy: { src: site/, dest: /srv/www, owner: www-data }
`,
  returns: {},
  probes(args): CopyProbes {
    const tree = treeIn(args)
    const file = fileProbe(args.dest)
    return tree === undefined ? { file } : { file, tree: treeOf(tree) }
  },
  plan(args, { file, tree = {} }) {
    const { src, content, dest, ...rest } = args
    const wanted = treeIn(args)
    if (wanted !== undefined && (rest.validate !== undefined || rest.backup))
      throw new TaskError("'validate' and 'backup' are for single files", 'copy those in steps of their own')
    if (wanted !== undefined) return planTree(wanted, file, tree)
    if (dest.endsWith('/')) throw new TaskError(`${dest} names a directory`, 'add the name of the file')
    const put = src ? { local: src } : { text: content ?? '' }
    return planFile({ ...rest, path: cleanPath(dest), content: put }, file)
  },
})

/** Of a directory also what is in it. */
type CopyProbes = { file: Probe<FileFact>; tree?: Probe<TreeFact> }

function treeIn({ src, dest, ...rest }: Args<typeof schema>): WantedTree | undefined {
  if (src?.entries === undefined) return undefined
  return { ...rest, path: cleanPath(dest), source: src as LocalDirectory }
}
