import { dirname } from 'node:path/posix'
import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { absolutePath, fileGroup, fileMode, fileOwner } from '../src/probe/arguments.ts'
import {
  type Attributes,
  needsFor,
  newAttributes,
  placeFor,
  planAttributes,
  planFile,
  wantedAttributes,
} from '../src/probe/filechange.ts'
import { cleanPath, type FileFact, fileProbe, requireKnown } from '../src/probe/files.ts'
import type { SeenFile } from '../src/probe/filesurvey.ts'

export default defineTask({
  name: 'file',
  summary: 'Makes a path a file, a directory or a symbolic link, or removes it.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    if: { properties: { state: { const: 'link' } }, required: ['state'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of the schema
    then: { required: ['target'] },
    properties: {
      path: { ...absolutePath, description: 'Absolute path on the host.' },
      state: {
        enum: ['file', 'directory', 'link', 'absent'],
        default: 'file',
        description:
          'What the path is to be. A missing file is created empty; the content of an existing one stays.',
      },
      target: { type: 'string', minLength: 1, description: 'Where a link points, written into it as it is.' },
      recurse: {
        type: 'boolean',
        default: false,
        description: 'With absent: remove a directory with all that is in it, not only an empty one.',
      },
      mode: {
        ...fileMode,
        description: `${fileMode.description} A new file gets "0644", a new directory "0755".`,
      },
      owner: fileOwner,
      group: fileGroup,
    },
  },
  example: `- name: A directory for the scripts
  file:
    path: /home/pi/ycsb/scripts
    state: directory
    mode: "0755"
    owner: pi
    group: pi
`,
  returns: {},
  probes: (args) => ({ file: fileProbe(args.path) }),
  plan({ state, ...args }, { file }) {
    const path = cleanPath(args.path)
    requireKnown(path, file)
    switch (state) {
      case 'file':
        return file === null
          ? planFile({ ...args, path, content: { text: '' } }, file)
          : keep(path, 'file', args, file)
      case 'directory':
        return file === null ? [create(path, args)] : keep(path, 'directory', args, file)
      case 'link':
        return link(path, args, file)
      case 'absent':
        return remove(path, args.recurse, file)
    }
  },
})

function keep(path: string, type: 'file' | 'directory', wanted: Attributes, file: SeenFile): Change[] {
  if (file.type !== type) throw inTheWay(path, file)
  return planAttributes(path, wanted, file)
}

function inTheWay(path: string, file: SeenFile): TaskError {
  const what = {
    file: 'a file',
    directory: 'a directory',
    link: `a link to ${file.target}`,
    other: 'a device, pipe or socket',
  }
  return new TaskError(
    `${path} is ${what[file.type]}; it is not replaced`,
    'remove it first with state: absent',
  )
}

function create(path: string, args: Attributes): Change {
  const { mode, owner, group } = wantedAttributes(args, null, '0755')
  const commands = [sh`mkdir -p -m ${mode} -- ${path}`]
  const owned = args.owner !== undefined || args.group !== undefined
  if (owned) commands.push(sh`chown -h -- ${`${args.owner ?? ''}:${args.group ?? ''}`} ${path}`)
  // chown drops the setuid and setgid bits.
  if (owned && !mode.startsWith('0')) commands.push(sh`chmod -- ${mode} ${path}`)
  const after: SeenFile = { type: 'directory', mode, owner, group, size: 0, sha256: null, text: null }
  return {
    summary: `create directory ${path} (${newAttributes(mode, args)})`,
    actions: [{ do: 'run', script: commands.join(' && ') }],
    effects: [effect(fileProbe(path), after)],
    ...needsFor(args, null, { writable: dirname(path) }),
  }
}

function link(path: string, args: Attributes & { target?: string }, file: FileFact): Change[] {
  const { target = '' } = args
  if (file !== null && file.type !== 'link') throw inTheWay(path, file)
  const { owner, group } = wantedAttributes(args, file)
  const after: SeenFile = {
    type: 'link',
    mode: '0777',
    owner,
    group,
    size: 0,
    target,
    sha256: null,
    text: null,
  }
  if (file?.target === target) return planAttributes(path, { owner: args.owner, group: args.group }, file)
  const next = `${path}.provision-link`
  const commands = [sh`ln -sfn -- ${target} ${next}`]
  if (args.owner ?? args.group ?? file) commands.push(sh`chown -h -- ${`${owner}:${group}`} ${next}`)
  // Renamed over the old link, so that there is never a moment without one.
  commands.push(sh`mv -fT -- ${next} ${path}`)
  return [
    {
      summary: file === null ? `link ${path} -> ${target}` : `link ${path} -> ${target} (was ${file.target})`,
      actions: [{ do: 'run', script: commands.join(' && ') }],
      effects: [effect(fileProbe(path), after)],
      below: { path, is: 'unforeseen' },
      ...needsFor(args, file, placeFor(path, file)),
    },
  ]
}

const SYSTEM = /^\/$|^\/(bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/

function remove(path: string, recurse: boolean, file: FileFact): Change[] {
  if (SYSTEM.test(path) || path.split('/').includes('..')) {
    throw new TaskError(`${path} is not removed: it belongs to the system, or leads upward`)
  }
  if (file === null) return []
  const whole = file.type === 'directory' && recurse
  const script =
    file.type !== 'directory'
      ? sh`rm -f -- ${path}`
      : whole
        ? sh`rm -rf --one-file-system -- ${path}`
        : sh`rmdir -- ${path}`
  const meaning = 'not removed; a directory with something in it needs recurse: true'
  return [
    {
      summary: `remove ${file.type === 'directory' ? 'directory ' : ''}${path}${whole ? ' with all that is in it' : ''}`,
      actions: [{ do: 'run', script, meaning: { 1: meaning } }],
      effects: [effect(fileProbe(path), null)],
      below: { path, is: 'gone' },
      needs: { writable: dirname(path) },
    },
  ]
}
