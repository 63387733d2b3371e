import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'

/** Something below a directory of the host. */
export type TreeEntry = {
  type: 'file' | 'directory' | 'link' | 'other'
  /** Four octal digits. */
  mode: string
  owner: string
  group: string
  /** Of a file. */
  sha256: string | null
  /** Where a link points, else "". */
  target: string
}

/** What a directory holds of the names that were asked for; null: there is no such thing. */
export type TreeFact = Record<string, TreeEntry | null>

/** Something of a tree that is not as it is to be. */
export interface Deviation {
  name: string
  before: TreeEntry | null
  after: TreeEntry
  /** Somebody in particular is to own it. */
  owned: boolean
}

/** Whether what is there holds the right thing, and only belongs to others. */
export function hasContent({ before, after }: Deviation): boolean {
  return before !== null && before.sha256 === after.sha256 && before.target === after.target
}

const TYPES: Record<string, TreeEntry['type']> = { f: 'file', d: 'directory', l: 'link' }
const FIELDS = 6
const STAT = 'stat\\0%p\\0%y\\0%m\\0%u\\0%g\\0%l\\0'

/** Looks at these names below a directory, and at nothing else that is there; `id` stands for the list of them. */
export function treeProbe(path: string, names: string[], id: string): Probe<TreeFact> {
  const found = names.map((name) => `./${name}`)
  return {
    key: `tree:${path}:${id}`,
    script: `LC_ALL=C; export LC_ALL; [ -d ${sh`${path}`} ] || exit 0; cd -- ${sh`${path}`} || exit
set -- ${sh`${found}`}
find "$@" -maxdepth 0 -printf '${STAT}'
find "$@" -maxdepth 0 -type f -exec sha256sum -z -- {} +; :`,
    parse: (output) => parseTree(path, names, output),
    place: { path, absent: nothingOf(names), madeOnTheWay: nothingOf(names) },
  }
}

function parseTree(path: string, names: string[], output: Output): TreeFact {
  const tree = nothingOf(names)
  refuseFailures(path, output.stderr)
  const words = output.stdout.toString().split('\0')
  for (let at = 0; at < words.length - 1; at++) {
    const word = words[at]!
    if (word === 'stat') {
      const [name, letter, mode, owner, group, target] = words.slice(at + 1, at + 1 + FIELDS) as string[]
      const type = TYPES[letter!] ?? 'other'
      tree[below(name!)] = {
        type,
        mode: mode!.padStart(4, '0'),
        owner: owner!,
        group: group!,
        sha256: null,
        target: target!,
      }
      at += FIELDS
    } else tree[below(word.slice(66))]!.sha256 = word.slice(0, 64)
  }
  return tree
}

function nothingOf(names: string[]): TreeFact {
  return Object.fromEntries(names.map((name) => [name, null]))
}

/** What is not there is an answer; whatever else went wrong is none. */
function refuseFailures(path: string, stderr: string): void {
  const absent = /^find: '.*': (No such file or directory|Not a directory)$/
  const failure = stderr.split('\n').find((line) => line !== '' && !absent.test(line))
  if (failure === undefined) return
  const hint = /denied|permitted/.test(failure) ? "set 'become: true' to look as root" : undefined
  throw new TaskError(`can't look at what is in ${path}: ${failure}`, hint)
}

function below(name: string): string {
  return name.slice(2)
}
