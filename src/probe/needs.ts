import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Change, Needs, Output, Probe } from '../core/task.ts'
import { availableScript } from './apt.ts'
import { isWithin } from './files.ts'

type Kind = 'directory' | 'writable' | 'owner' | 'group' | 'unit' | 'packages'

/** One thing that must be there for a change. */
export interface Need {
  kind: Kind
  name: string
  /** Null: it is not there; a text: why it is of no use. */
  probe: Probe<true | string | null>
}

const LOOKS: Record<Exclude<Kind, 'packages'>, (name: string) => string> = {
  directory: (path) => sh`[ -d ${path} ]`,
  writable: (path) =>
    `${sh`d=${path}`}; until [ -e "$d" ]; do d=\${d%/*}; d=\${d:-/}; done; [ -w "$d" ] || { [ "$(id -u)" -ne 0 ] || echo "$d is on a read-only filesystem"; exit 3; }`,
  owner: (name) => sh`getent passwd -- ${name} >/dev/null`,
  group: (name) => sh`getent group -- ${name} >/dev/null`,
  unit: (name) => sh`systemctl cat -- ${name} >/dev/null 2>&1`,
}

export function needOf(kind: keyof typeof LOOKS, name: string): Need {
  return needBy(kind, name, LOOKS[kind](name))
}

function needBy(kind: Kind, name: string, script: string): Need {
  const key = `need:${kind}:${name}`
  const parse = ({ code, stdout }: Output) =>
    code === 3 ? stdout.toString().trim() || `permission denied` : code === 0 || null
  const probe: Need['probe'] = { key, script, parse }
  if (kind === 'directory') probe.place = { path: name, absent: null, madeOnTheWay: true }
  return { kind, name, probe }
}

export function needsOf({ needs = {} }: Change): Need[] {
  const { directory, writable, owner, group, groups = [], unit, packages } = needs
  const names = (kind: keyof typeof LOOKS, ...given: (string | undefined)[]): Need[] =>
    given.flatMap((name) => (name === undefined ? [] : [needOf(kind, name)]))
  return [
    ...names('directory', directory),
    ...names('writable', writable),
    ...names('owner', owner),
    ...names('group', group, ...groups),
    ...names('unit', unit),
    ...(packages === undefined ? [] : [packagesNeed(packages)]),
  ]
}

function packagesNeed({ names, maxAge }: NonNullable<Needs['packages']>): Need {
  return needBy('packages', names.join(' '), availableScript(names, maxAge))
}

/** Whether changes planned before, which leave facts of these keys, may make it. */
export function mayBeMade({ kind, name }: Need, keys: string[]): boolean {
  return keys.some((key) => {
    const [what = ''] = key.split(':', 1)
    const subject = key.slice(what.length + 1)
    if (what === 'file') return isMadeWith(subject, kind, name)
    // Whoever comes into a group may write where he might not.
    if (kind === 'writable') return true
    // A user comes with a group of his name.
    if (what === 'user') return (kind === 'owner' || kind === 'group') && subject === name
    if (what === 'group') return kind === 'group' && subject === name
    // A change to anything else may make directories and accounts on the way.
    return true
  })
}

function isMadeWith(path: string, kind: Kind, name: string): boolean {
  if (kind === 'directory') return isWithin(path, name) || isWithin(name, path)
  if (kind === 'writable') return isWithin(name, path)
  if (kind === 'packages') return isWithin(path, '/etc/apt') || isWithin(path, '/var/lib/apt')
  return kind === 'unit' && path.endsWith(`/${name.replace(/@.*\./, '@.')}`)
}

/** What applying the change would end with. */
export function refusal({ kind, name }: Need, { summary }: Change, why: string | null): TaskError {
  if (kind === 'packages')
    return new TaskError(
      `can't ${summary}: ${(why ?? '').replace(/^E: /, '')}`,
      'correct the name, or add its source in an earlier step',
    )
  if (why !== null) return new TaskError(`can't ${summary}: ${why}`)
  if (kind === 'directory')
    return new TaskError(
      `can't ${summary}: the directory ${name} doesn't exist`,
      'create it in an earlier step',
    )
  const what = kind === 'owner' ? 'user' : kind
  return new TaskError(
    `can't ${summary}: there is no ${what} '${name}'`,
    `correct the name, or create the ${what} in an earlier step`,
  )
}
