import type { Become } from '../../core/host.ts'
import type { Place } from '../../core/place.ts'
import type { Written } from '../ansible/ansiblerules.ts'
import { OLD_LOOP_KEYS } from '../ansible/ansibleloops.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Reader } from './reader.ts'
import type { Inherited, Origin, Spot, WrittenStep } from './spot.ts'

/** The task of a step: the key that it is written under, and arguments that are written elsewhere than below it. */
export interface WrittenTask {
  key: string
  name: string
  places: ReadonlyMap<string, Written>
}

/** What a step or block takes over, in the shape of a step. */
export function standing(
  { reader }: Spot,
  pointer: string,
  inherited: Inherited,
  task?: WrittenTask,
): Omit<WrittenStep, 'name' | 'task' | 'args' | 'loopVar'> {
  const { when, vars, roleVars, defaults, tags, notify, environment, origins, outerItems, folders } =
    inherited
  const asWritten = (at: string): string => loopAsWritten(reader, pointer, at)
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
    placeOf: (below) => placeBelow((at) => reader.placeOf(pointer + asWritten(at)), below, origins, task),
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
  task?: WrittenTask,
): Place {
  const [whole, first = '', second = ''] = /^(\/[^/#]*)?(\/[^/#]*)?/.exec(below) as RegExpExecArray
  const origin = origins.get(first + second) ?? origins.get(first)
  if (origin !== undefined) {
    const matched = origins.has(first + second) ? whole.length : first.length
    return origin(below.slice(matched))
  }
  if (task === undefined || first !== `/${task.name}`) return own(below)
  return placeOfArgument(own, below.slice(first.length), task)
}

/** Of what stands below a task; the nearest argument above it that is written elsewhere says where. */
function placeOfArgument(own: Origin, below: string, { key, places }: WrittenTask): Place {
  const end = below.endsWith('#key') ? '#key' : ''
  const whole = below.slice(0, below.length - end.length)
  for (let path = whole; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
    const written = places.get(path)
    if (written === undefined) continue
    const { pointer, shift = 0, keyShift } = written
    // In a short form the name stands within the text.
    const inText = end !== '' && path === whole && keyShift !== undefined
    const place = own(pointer + whole.slice(path.length) + (inText ? '' : end))
    return { ...place, column: place.column + (inText ? keyShift : end === '' ? shift : 0) }
  }
  return own(`/${pointerKey(key)}${below}`)
}

/** A loop may be written in Ansible's old words. */
function loopAsWritten(reader: Reader, pointer: string, at: string): string {
  if (!/^\/loop(?=[/#]|$)/.test(at) || reader.get(`${pointer}/loop`) !== undefined) return at
  const key = OLD_LOOP_KEYS.find((one) => reader.get(`${pointer}/${one}`) !== undefined)
  return key === undefined ? at : `/${key}${at.slice('/loop'.length)}`
}
