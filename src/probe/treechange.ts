import { basename, dirname } from 'node:path/posix'
import type { ArchiveEntry } from '../base/tar.ts'
import { TaskError } from '../core/errors.ts'
import { type Action, type Change, effect, type LocalDirectory } from '../core/task.ts'
import { type Attributes, needsFor, placeFor, wantedAttributes } from './filechange.ts'
import { type FileFact, fileProbe, requireKnown } from './files.ts'
import { type Deviation, hasContent, type TreeEntry, type TreeFact, treeProbe } from './tree.ts'
import { extractScript } from './treescript.ts'

export interface WantedTree extends Attributes {
  path: string
  source: LocalDirectory
  /** With false, what is there stays as it is. */
  force?: boolean
}

export function treeOf({ path, source }: WantedTree) {
  return treeProbe(
    path,
    source.entries.map(({ name }) => name),
    source.sha256.slice(0, 12),
  )
}

/**
 * What puts the content of a directory into another one: all that differs in one archive. What else is there is left alone.
 * Mode is that of files; new directories get 0755. Throws TaskError where something of another kind is in the way.
 */
export function planTree(wanted: WantedTree, top: FileFact, tree: TreeFact): Change[] {
  const { path, source, force } = wanted
  requireKnown(path, top)
  if (top !== null && top.type !== 'directory')
    throw new TaskError(`${path} is a ${top.type === 'link' ? 'symbolic link' : top.type}, not a directory`)
  const deviations = source.entries.flatMap((entry) => deviationOf(wanted, entry, tree[entry.name] ?? null))
  const counted = force === false ? deviations.filter(({ before }) => before === null) : deviations
  if (counted.length === 0 && top !== null) return []
  const afters = Object.fromEntries(counted.map(({ name, after }) => [name, after]))
  const change: Change = {
    summary: summaryOf(wanted, counted),
    diff: { title: path, before: listing(counted, 'before'), after: listing(counted, 'after') },
    actions: actionsOf(wanted, top, counted),
    effects: [effect(treeOf(wanted), { ...tree, ...afters })],
    // Other steps may look at single files of it.
    opaque: true,
    ...needsFor(wanted, null, top === null ? placeFor(path, null) : { writable: path }),
  }
  const made: FileFact = {
    type: 'directory',
    ...directoryAttributes(wanted),
    size: 0,
    sha256: null,
    text: null,
  }
  if (top === null) change.effects.push(effect(fileProbe(path), made))
  return [change]
}

function directoryAttributes({ owner, group }: WantedTree): Required<Attributes> {
  return wantedAttributes({ owner, group }, null, '0755')
}

function deviationOf(wanted: WantedTree, entry: ArchiveEntry, before: TreeEntry | null): Deviation[] {
  const { name, kind } = entry
  if (before !== null && before.type !== kind) {
    throw new TaskError(
      `${wanted.path}/${name} is ${before.type === 'other' ? 'something else' : `a ${before.type}`}, not a ${kind}`,
      'remove it in an earlier step, or leave it out',
    )
  }
  const after: TreeEntry = {
    type: kind,
    ...attributesOf(wanted, entry, before),
    sha256: entry.sha256 ?? null,
    target: entry.target ?? '',
  }
  const owned = before !== null || wanted.owner !== undefined || wanted.group !== undefined
  const deviation = { name, before, after, owned }
  return hasContent(deviation) && sameAttributes(before!, after) ? [] : [deviation]
}

const EXECUTABLE = 0o100

function attributesOf(
  wanted: WantedTree,
  entry: ArchiveEntry,
  before: TreeEntry | null,
): Required<Attributes> {
  const { owner, group, mode } = wanted
  if (entry.kind === 'file')
    return wantedAttributes({ owner, group, mode }, before, entry.mode & EXECUTABLE ? '0755' : '0644')
  return wantedAttributes({ owner, group }, before, entry.kind === 'link' ? '0777' : '0755')
}

function sameAttributes(one: TreeEntry, other: TreeEntry): boolean {
  return one.mode === other.mode && one.owner === other.owner && one.group === other.group
}

function actionsOf(wanted: WantedTree, top: FileFact, deviations: Deviation[]): Action[] {
  const { path, source, owner, group, mode = '0644' } = wanted
  const archive = `${dirname(path)}/.${basename(path)}.provision-${source.sha256.slice(0, 12)}.tar`
  const isSent = deviations.some((one) => one.after.type !== 'directory' && !hasContent(one))
  const script = extractScript({
    path,
    archive: isSent ? archive : undefined,
    top: top === null ? { owner, group } : undefined,
    deviations,
  })
  const run: Action = { do: 'run', script }
  if (!isSent) return [run]
  // Who may not read the files in the end may not read them on the way either.
  const isOpen = (Number.parseInt(mode, 8) & 0o004) !== 0
  return [{ do: 'put', path: archive, content: { local: source }, mode: isOpen ? '0644' : '0600' }, run]
}

function summaryOf({ path, source }: WantedTree, deviations: Deviation[]): string {
  const count = (test: (one: Deviation) => boolean): number => deviations.filter(test).length
  const parts: [number, string][] = [
    [count(({ before }) => before === null), 'new'],
    [count((one) => one.before !== null && !hasContent(one)), 'changed'],
    [count(hasContent), 'with other attributes'],
  ]
  const said = parts.flatMap(([n, what]) => (n > 0 ? [`${n} ${what}`] : []))
  return `put ${basename(source.path)}/ into ${path} (${said.join(', ') || 'empty'})`
}

function listing(deviations: Deviation[], when: 'before' | 'after'): string {
  return deviations
    .flatMap(({ name, [when]: entry }) => {
      if (entry === null) return []
      const what = entry.sha256?.slice(0, 12) ?? (entry.type === 'link' ? `-> ${entry.target}` : entry.type)
      return [`${name}  ${entry.mode} ${entry.owner}:${entry.group}  ${what}\n`]
    })
    .join('')
}
