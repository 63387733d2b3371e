import { dirname } from 'node:path/posix'
import { sizeText } from '../base/bytes.ts'
import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import { isLate } from '../core/late.ts'
import { type Change, type Content, effect, type Needs, type Put } from '../core/task.ts'
import { contentFact, type FileFact, fileProbe, requireKnown } from './files.ts'
import { HASH_LIMIT, type SeenFile } from './filesurvey.ts'

export interface Attributes {
  /** Three or four octal digits. */
  mode?: string
  owner?: string
  group?: string
}

export interface WantedFile extends Attributes {
  path: string
  content: Content
  /** A command that must succeed on the new file; `%s` is its path. */
  validate?: string
  backup?: boolean
  /** With false, what is there stays as it is. */
  force?: boolean
}

/** "644" and "0644" are the same mode; a fact always has four digits. */
function fullMode(mode: string): string {
  return mode.padStart(4, '0')
}

/**
 * What makes a path a regular file of that content: nothing, its attributes alone, or a new file put in place.
 * What is not asked for is kept; a new file is 0644 and belongs to whoever writes it, root with `become`.
 * Throws TaskError where something other than a readable file is in the way.
 */
export function planFile(wanted: WantedFile, fact: FileFact): Change[] {
  refuseObstacle(wanted.path, fact)
  if (wanted.force === false && fact !== null) return []
  // The usual case, and much cheaper than a hash.
  if (fact !== null && 'text' in wanted.content && fact.text === wanted.content.text)
    return planAttributes(wanted.path, wanted, fact)
  const content = contentFact(wanted.content)
  if (fact?.sha256 === content.sha256) return planAttributes(wanted.path, wanted, fact)
  const after: SeenFile = { type: 'file', ...wantedAttributes(wanted, fact), ...content }
  const put: Put = { do: 'put', path: wanted.path, content: wanted.content, mode: after.mode }
  const owner = wanted.owner ?? fact?.owner
  const group = wanted.group ?? fact?.group
  if (owner !== undefined) put.owner = owner
  if (group !== undefined) put.group = group
  if (wanted.validate !== undefined) put.validate = wanted.validate
  if (wanted.backup && fact) put.backup = true
  const untold = 'text' in wanted.content && isLate(wanted.content.text)
  const size = untold ? '…' : String(after.size)
  const change: Change = {
    summary: fileSummary(wanted, fact, after, size),
    actions: [put],
    effects: [effect(fileProbe(wanted.path), after)],
    ...needsFor(wanted, fact, placeFor(wanted.path, fact)),
  }
  const before = fact === null ? '' : fact.text
  if (before !== null && after.text !== null) change.diff = { title: wanted.path, before, after: after.text }
  return [change]
}

/** What must be there to put something at a path. */
export function placeFor(path: string, fact: FileFact): Needs {
  const directory = dirname(path)
  return { ...(fact === null && { directory }), writable: directory }
}

/** What a path with these attributes needs: a directory that it does not come with, and accounts. root is everywhere. */
export function needsFor(
  { owner, group }: Attributes,
  fact: FileFact,
  needs: Needs = {},
): Pick<Change, 'needs'> {
  if (owner !== undefined && owner !== (fact?.owner ?? 'root')) needs.owner = owner
  if (group !== undefined && group !== (fact?.group ?? 'root')) needs.group = group
  return Object.keys(needs).length === 0 ? {} : { needs }
}

/** What gives an existing path another mode, owner or group; a link keeps its mode. */
export function planAttributes(path: string, wanted: Attributes, fact: SeenFile): Change[] {
  const { mode, owner, group } = wantedAttributes(wanted, fact)
  const owned = owner !== fact.owner || group !== fact.group
  const chmod = fact.type !== 'link' && (owned || mode !== fact.mode)
  if (!owned && !chmod) return []
  const commands = owned ? [sh`chown -h -- ${`${owner}:${group}`} ${path}`] : []
  // chown drops the setuid bit, so the mode is set again behind it.
  if (chmod) commands.push(sh`chmod -- ${mode} ${path}`)
  const was = `was ${fact.mode} ${fact.owner}:${fact.group}`
  return [
    {
      summary: `make ${path} ${mode} ${owner}:${group} (${was})`,
      actions: [{ do: 'run', script: commands.join(' && ') }],
      effects: [
        effect(fileProbe(path), { ...fact, mode: fact.type === 'link' ? fact.mode : mode, owner, group }),
      ],
      ...needsFor({ owner, group }, fact),
    },
  ]
}

/** Attributes of a path after a change: what is wanted, else what is, else what a new one gets. */
export function wantedAttributes(
  wanted: Attributes,
  fact: Required<Attributes> | null,
  newMode = '0644',
): Required<Attributes> {
  return {
    mode: wanted.mode === undefined ? (fact?.mode ?? newMode) : fullMode(wanted.mode),
    owner: wanted.owner ?? fact?.owner ?? 'root',
    group: wanted.group ?? fact?.group ?? 'root',
  }
}

/** The text of a file that a task edits; '' when there is none yet. Throws TaskError when it can't be edited as text. */
export function editableText(path: string, fact: FileFact): string {
  refuseObstacle(path, fact)
  if (fact === null) return ''
  if (fact.text === null)
    throw new TaskError(`${path} is binary or larger than 64 KiB; only text can be edited`)
  return fact.text
}

function refuseObstacle(path: string, fact: FileFact): void {
  if (fact === null || (fact.type === 'file' && fact.sha256 !== null)) return
  requireKnown(path, fact)
  if (fact.type === 'link') {
    throw new TaskError(
      `${path} is a symbolic link to ${fact.target}`,
      'write to the file it points to, or remove the link first',
    )
  }
  if (fact.size > HASH_LIMIT)
    throw new TaskError(`${path} has ${sizeText(fact.size)}, too much to be compared`, 'remove it first')
  if (fact.type === 'file')
    throw new TaskError(`${path} may not be read`, "set 'become: true' to read it as root")
  if (fact.type === 'directory')
    throw new TaskError(`${path} is a directory, not a file`, `add the name of the file: ${path}/NAME`)
  throw new TaskError(`${path} is neither a file nor a directory`)
}

/** What a new path will have; to whom it belongs if nobody says depends on who makes it. */
export function newAttributes(mode: string, { owner, group }: Attributes): string {
  return owner === undefined && group === undefined ? mode : `${mode} ${owner ?? ''}:${group ?? ''}`
}

function fileSummary(
  { path, ...wanted }: WantedFile,
  before: FileFact,
  after: SeenFile,
  size: string,
): string {
  if (before === null) return `create ${path} (${newAttributes(after.mode, wanted)}, ${size} bytes)`
  const attributes = `${after.mode} ${after.owner}:${after.group}`
  const same = before.mode === after.mode && before.owner === after.owner && before.group === after.group
  return `change ${path} (${before.size} -> ${size} bytes${same ? '' : `, ${attributes}`})`
}
