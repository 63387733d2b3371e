import { dirname } from 'node:path/posix'
import { quote, sh } from '../base/shell.ts'
import { type Deviation, hasContent } from './tree.ts'

export interface Extraction {
  path: string
  /** The archive with what is new; undefined when there is none. */
  archive: string | undefined
  /** The directory itself is to be made, for whom; undefined when it is there. */
  top: { owner: string | undefined; group: string | undefined } | undefined
  deviations: Deviation[]
}

/**
 * Unpacks beside what is there, gives everything its owner and mode, and only then renames file by file: where it is cut
 * off each file is the old or the new one.
 */
export function extractScript({ path, archive, top, deviations }: Extraction): string {
  const made = deviations.filter(({ before, after }) => before === null && after.type === 'directory')
  const moved = deviations.filter((one) => one.after.type !== 'directory' && !hasContent(one))
  const stage = `${path}/.provision-new`
  return [
    'set -e; umask 022; LC_ALL=C; export LC_ALL',
    ...(top === undefined ? [] : [sh`mkdir -- ${path}`]),
    ...((top?.owner ?? top?.group) ? [sh`chown -- ${`${top.owner ?? ''}:${top.group ?? ''}`} ${path}`] : []),
    ...(archive === undefined ? [] : unpack(archive, stage, moved)),
    sh`cd -- ${path}`,
    ...(made.length > 0 ? [sh`mkdir -- ${made.map(({ name }) => `./${name}`)}`] : []),
    ...attributes(made),
    ...moves(stage, moved),
    ...attributes(deviations.filter(hasContent)),
  ].join('\n')
}

function unpack(archive: string, stage: string, moved: Deviation[]): string[] {
  return [
    `trap ${quote(sh`rm -rf -- ${stage} ${archive}`)} EXIT`,
    "trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM",
    sh`rm -rf -- ${stage}; mkdir -m 0700 -- ${stage}`,
    sh`tar -x --no-same-owner -f ${archive} -C ${stage}`,
    sh`cd -- ${stage}`,
    ...attributes(moved),
    'sync -f .',
  ]
}

/** chown drops setuid bits, so the modes come behind it; a link has none. */
function attributes(deviations: Deviation[]): string[] {
  const owned = deviations.filter(({ owned }) => owned)
  const moded = deviations.filter(({ after }) => after.type !== 'link')
  return [
    ...grouped(owned, ({ after }) => `${after.owner}:${after.group}`).map(
      ([owner, names]) => sh`chown -h -- ${owner} ${names}`,
    ),
    ...grouped(moded, ({ after }) => after.mode).map(([mode, names]) => sh`chmod -- ${mode} ${names}`),
  ]
}

function moves(stage: string, moved: Deviation[]): string[] {
  return grouped(moved, ({ name }) => `./${dirname(name)}`).map(
    ([folder, names]) => sh`mv -f -t ${folder} -- ${names.map((name) => stage + name.slice(1))}`,
  )
}

/** Names of what has the same in common. */
function grouped(deviations: Deviation[], by: (one: Deviation) => string): [string, string[]][] {
  const groups = new Map<string, string[]>()
  for (const one of deviations) groups.set(by(one), [...(groups.get(by(one)) ?? []), `./${one.name}`])
  return [...groups]
}
