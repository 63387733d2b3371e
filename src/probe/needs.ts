import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Change, Probe } from '../core/task.ts'
import { isWithin } from './files.ts'

type Kind = 'directory' | 'owner' | 'group'

/** One thing that must be there for a change. */
export interface Need {
  kind: Kind
  name: string
  /** Null: it is not there; otherwise it is. */
  probe: Probe<true | null>
}

const LOOKS: Record<Kind, (name: string) => string> = {
  directory: (path) => sh`[ -d ${path} ]`,
  owner: (name) => sh`getent passwd -- ${name} >/dev/null`,
  group: (name) => sh`getent group -- ${name} >/dev/null`,
}

export function needOf(kind: Kind, name: string): Need {
  const key = `need:${kind}:${name}`
  const probe: Need['probe'] = { key, script: LOOKS[kind](name), parse: ({ code }) => code === 0 || null }
  if (kind === 'directory') probe.place = { path: name, absent: null, madeOnTheWay: true }
  return { kind, name, probe }
}

export function needsOf({ needs: { directory, owner, group, groups = [] } = {} }: Change): Need[] {
  const names = (kind: Kind, ...given: (string | undefined)[]): Need[] =>
    given.flatMap((name) => (name === undefined ? [] : [needOf(kind, name)]))
  return [...names('directory', directory), ...names('owner', owner), ...names('group', group, ...groups)]
}

/** Whether changes planned before, which leave facts of these keys, may make it. */
export function mayBeMade({ kind, name }: Need, keys: string[]): boolean {
  return keys.some((key) => {
    const [what = ''] = key.split(':', 1)
    const subject = key.slice(what.length + 1)
    if (what === 'file') return kind === 'directory' && (isWithin(subject, name) || isWithin(name, subject))
    // A user comes with a group of his name.
    if (what === 'user') return kind !== 'directory' && subject === name
    if (what === 'group') return kind === 'group' && subject === name
    // A change to anything else may make directories and accounts on the way.
    return true
  })
}

/** What applying the change would end with. */
export function refusal({ kind, name }: Need, { summary }: Change): TaskError {
  if (kind === 'directory')
    return new TaskError(
      `can't ${summary}: the directory ${name} doesn't exist`,
      'create it in an earlier step',
    )
  const what = kind === 'owner' ? 'user' : 'group'
  return new TaskError(
    `can't ${summary}: there is no ${what} '${name}'`,
    `correct the name, or create the ${what} in an earlier step`,
  )
}
