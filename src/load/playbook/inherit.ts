import type { JsonObject } from '../../core/json.ts'
import {
  readBecomeUser,
  readConditions,
  readEnvironment,
  readTags,
  readTimeout,
  readVars,
} from './keyvalues.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Reader } from './reader.ts'
import type { Inherited, Origin, Spot } from './spot.ts'

/** What holds below a pointer: what is around it, and the keys written there. */
export function inherit(spot: Spot, pointer: string): Inherited {
  const { reader, inherited: outer } = spot
  const flag = (key: string): boolean | undefined => reader.flag(`${pointer}/${key}`, `'${key}'`)
  const vars = readVars(reader, `${pointer}/vars`)
  const environment = readEnvironment(reader, `${pointer}/environment`)
  const delegateTo = reader.text(`${pointer}/delegate_to`, "'delegate_to'")
  const when = readConditions(reader, pointer, 'when')
  const notify = readTopics(reader, `${pointer}/notify`)
  return {
    ...outer,
    when: [...outer.when, ...when.map(({ value }) => value)],
    vars: { ...outer.vars, ...vars },
    tags: [...new Set([...outer.tags, ...readTags(reader, pointer)])],
    notify: [...outer.notify, ...notify.map(({ value }) => value)],
    become: flag('become') ?? outer.become,
    becomeUser: readBecomeUser(spot, pointer) ?? outer.becomeUser,
    environment: { ...outer.environment, ...environment },
    noLog: flag('no_log') ?? outer.noLog,
    ignoreErrors: flag('ignore_errors') ?? outer.ignoreErrors,
    runOnce: flag('run_once') ?? outer.runOnce,
    delegateTo: delegateTo ?? outer.delegateTo,
    timeout: readTimeout(spot, pointer) ?? outer.timeout,
    origins: originsOf(spot, pointer, { vars, environment, delegateTo, when, notify }),
  }
}

function readTopics(reader: Reader, pointer: string): { value: string; pointer: string }[] {
  return reader.entries(pointer).flatMap((one) => {
    const value = reader.text(one.pointer, "'notify'")
    return value === undefined ? [] : { value, pointer: one.pointer }
  })
}

interface Own {
  vars: JsonObject
  environment: JsonObject
  delegateTo?: string
  when: { pointer: string }[]
  notify: { pointer: string }[]
}

/** Where everything that steps take over is written; lists go on where those around end. */
function originsOf({ reader, inherited: outer }: Spot, pointer: string, own: Own): Map<string, Origin> {
  const origins = new Map(outer.origins)
  const add = (key: string, at: string): unknown => origins.set(key, (below) => reader.placeOf(at + below))
  for (const name of Object.keys(own.vars).map(pointerKey)) add(`/vars/${name}`, `${pointer}/vars/${name}`)
  for (const name of Object.keys(own.environment))
    add(`/environment/${name}`, `${pointer}/environment/${name}`)
  if (own.delegateTo !== undefined) add('/delegate_to', `${pointer}/delegate_to`)
  for (const [index, one] of own.when.entries()) add(`/when/${outer.when.length + index}`, one.pointer)
  for (const [index, one] of own.notify.entries()) add(`/notify/${outer.notify.length + index}`, one.pointer)
  return origins
}
