import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Change, Needs, Probe } from '../core/task.ts'

/** One thing that must be there for a change. */
export interface Need {
  kind: keyof Needs
  name: string
  /** Null: it is not there; otherwise it is. */
  probe: Probe<true | null>
}

const LOOKS: Record<keyof Needs, (name: string) => string> = {
  directory: (path) => sh`[ -d ${path} ]`,
  owner: (name) => sh`getent passwd -- ${name} >/dev/null`,
  group: (name) => sh`getent group -- ${name} >/dev/null`,
}

export function needOf(kind: keyof Needs, name: string): Need {
  const key = `need:${kind}:${name}`
  return { kind, name, probe: { key, script: LOOKS[kind](name), parse: ({ code }) => code === 0 || null } }
}

export function needsOf({ needs = {} }: Change): Need[] {
  return (['directory', 'owner', 'group'] as const).flatMap((kind) => {
    const name = needs[kind]
    return name === undefined ? [] : [needOf(kind, name)]
  })
}

/** Whether changes planned before, which leave facts of these keys, may make it. */
export function mayBeMade({ kind, name }: Need, keys: string[]): boolean {
  return keys.some((key) => {
    // A change to anything but files may make directories and accounts on the way.
    if (!key.startsWith('file:')) return true
    const path = key.slice('file:'.length)
    return kind === 'directory' && (isWithin(path, name) || isWithin(name, path))
  })
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.replace(/\/?$/, '/'))
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
