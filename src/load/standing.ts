import type { Become } from '../core/host.ts'
import type { Place } from '../core/place.ts'
import { pointerKey } from './plaindata.ts'
import type { Inherited, Origin, Spot, WrittenStep } from './spot.ts'

/** What a step or block takes over, in the shape of a step; `task` is the key and the name of its task. */
export function standing(
  { reader }: Spot,
  pointer: string,
  inherited: Inherited,
  task?: { key: string; name: string },
): Omit<WrittenStep, 'name' | 'task' | 'args' | 'loopVar'> {
  const { when, vars, roleVars, defaults, tags, notify, environment, origins, outerItems, folders } =
    inherited
  const { noLog, ignoreErrors, runOnce, delegateTo, timeout } = inherited
  return {
    when,
    vars: { ...roleVars, ...vars },
    defaults,
    tags,
    notify,
    environment,
    outerItems,
    folders,
    noLog,
    ignoreErrors,
    runOnce,
    delegateTo,
    timeout,
    become: becomeOf(inherited),
    changedWhen: [],
    failedWhen: [],
    listen: [],
    place: reader.placeOf(pointer),
    placeOf: (below) => placeBelow((at) => reader.placeOf(pointer + at), below, origins, task),
  }
}

function becomeOf({ become, becomeUser }: Inherited): Become {
  return become && becomeUser !== undefined && becomeUser !== 'root' ? becomeUser : become
}

/** What was taken over stands elsewhere, and the task's key may be another word for its name. */
function placeBelow(
  own: Origin,
  below: string,
  origins: ReadonlyMap<string, Origin>,
  task?: { key: string; name: string },
): Place {
  const [whole, first = '', second = ''] = /^(\/[^/#]*)?(\/[^/#]*)?/.exec(below) as RegExpExecArray
  const origin = origins.get(first + second) ?? origins.get(first)
  if (origin !== undefined) {
    const matched = origins.has(first + second) ? whole.length : first.length
    return origin(below.slice(matched))
  }
  const written =
    task !== undefined && first === `/${task.name}`
      ? `/${pointerKey(task.key)}${below.slice(first.length)}`
      : below
  return own(written)
}
