import type { Become } from '../core/host.ts'
import type { JsonObject } from '../core/json.ts'
import type { Place } from '../core/place.ts'
import { valueBefore } from './early.ts'
import { explainName } from './names.ts'
import { pointerKey } from './plaindata.ts'
import type { Step, VarLayer } from './program.ts'
import type { Reader } from './reader.ts'
import type { Reading } from './reading.ts'
import { describe } from './values.ts'

/** In seconds. */
const DEFAULT_TIMEOUT = 900

/** Where a value, or something below it, was written. */
export type Origin = (below: string) => Place

/** What a step takes over from all that is around it: blocks, includes, the role, the play. */
export interface Inherited {
  when: (string | boolean)[]
  /** Of blocks and includes; stronger than those of the role, and these than those of the play. */
  vars: JsonObject
  roleVars: JsonObject
  playVars: JsonObject
  defaults: JsonObject
  tags: string[]
  notify: string[]
  become: boolean
  becomeUser?: string
  environment: JsonObject
  noLog: boolean
  ignoreErrors: boolean
  runOnce: boolean
  delegateTo?: string
  timeout: number
  outerItems: string[]
  /** Folders of local files, the nearest first. */
  folders: string[]
  /** Where values were written, by their pointer as seen from the step, e.g. /vars/x. */
  origins: ReadonlyMap<string, Origin>
  /** Files and roles that are being read, the outermost first. */
  trail: string[]
}

/** A play while it is read. */
export interface Surroundings {
  /** The playbook that it stands in. */
  file: string
  /** Of the roles. */
  handlers: WrittenStep[]
  layers: VarLayer[]
  /** Roles whose handlers have been read. */
  handled: Set<string>
  /** Uses of roles that are not repeated. */
  used: Set<string>
}

/** Something to be read: where, and what is around it. */
export interface Spot {
  reading: Reading
  reader: Reader
  play: Surroundings
  inherited: Inherited
}

/** A step as it is written: not yet numbered. */
export type WrittenStep = Omit<Step, 'number'>

export const NOTHING_AROUND: Inherited = {
  when: [],
  vars: {},
  roleVars: {},
  playVars: {},
  defaults: {},
  tags: [],
  notify: [],
  become: false,
  environment: {},
  noLog: false,
  ignoreErrors: false,
  runOnce: false,
  timeout: DEFAULT_TIMEOUT,
  outerItems: [],
  folders: [],
  origins: new Map(),
  trail: [],
}

/** What holds below a pointer: what is around it, and the keys written there. */
export function inherit(spot: Spot, pointer: string): Inherited {
  const { reader, inherited: outer } = spot
  const origins = new Map(outer.origins)
  const from = (key: string, at: string): unknown => origins.set(key, (below) => reader.placeOf(at + below))
  const flag = (key: string): boolean | undefined => reader.flag(`${pointer}/${key}`, `'${key}'`)
  const vars = readVars(reader, `${pointer}/vars`)
  for (const name of Object.keys(vars))
    from(`/vars/${pointerKey(name)}`, `${pointer}/vars/${pointerKey(name)}`)
  const environment = readEnvironment(reader, `${pointer}/environment`)
  for (const name of Object.keys(environment)) from(`/environment/${name}`, `${pointer}/environment/${name}`)
  const delegateTo = reader.text(`${pointer}/delegate_to`, "'delegate_to'")
  if (delegateTo !== undefined) from('/delegate_to', `${pointer}/delegate_to`)
  const when = readConditions(reader, pointer, 'when')
  for (const [index, one] of when.entries()) from(`/when/${outer.when.length + index}`, one.pointer)
  const notify = reader.entries(`${pointer}/notify`).flatMap((one) => {
    const topic = reader.text(one.pointer, "'notify'")
    return topic === undefined ? [] : { topic, pointer: one.pointer }
  })
  for (const [index, one] of notify.entries()) from(`/notify/${outer.notify.length + index}`, one.pointer)
  return {
    ...outer,
    when: [...outer.when, ...when.map(({ value }) => value)],
    vars: { ...outer.vars, ...vars },
    tags: [...new Set([...outer.tags, ...readTags(reader, pointer)])],
    notify: [...outer.notify, ...notify.map(({ topic }) => topic)],
    become: flag('become') ?? outer.become,
    becomeUser: readBecomeUser(spot, pointer) ?? outer.becomeUser,
    environment: { ...outer.environment, ...environment },
    noLog: flag('no_log') ?? outer.noLog,
    ignoreErrors: flag('ignore_errors') ?? outer.ignoreErrors,
    runOnce: flag('run_once') ?? outer.runOnce,
    delegateTo: delegateTo ?? outer.delegateTo,
    timeout: readTimeout(spot, pointer) ?? outer.timeout,
    origins,
  }
}

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

export interface WrittenCondition {
  value: string | boolean
  pointer: string
}

/** One condition, or a list of them. */
export function readConditions(reader: Reader, pointer: string, key: string): WrittenCondition[] {
  return reader.entries(`${pointer}/${key}`).flatMap(({ value, pointer: at }) => {
    if (typeof value === 'boolean' || (typeof value === 'string' && value.trim() !== ''))
      return { value, pointer: at }
    const example = key === 'when' ? 'disk.free > 10' : 'result.rc == 0'
    reader.problem(
      at,
      `'${key}' must be an expression, not ${describe(value)}`,
      `write e.g. ${key}: ${example}`,
    )
    return []
  })
}

export function readVars(reader: Reader, pointer: string): JsonObject {
  const vars = reader.mapping(pointer, "'vars'", "'name: value' lines below it")
  for (const name of Object.keys(vars)) {
    const wrong = explainName(name)
    if (wrong !== undefined) reader.problem(`${pointer}/${pointerKey(name)}#key`, wrong.message, wrong.hint)
  }
  return vars
}

function readEnvironment(reader: Reader, pointer: string): JsonObject {
  const given = reader.mapping(pointer, "'environment'", "'NAME: value' lines below it")
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => {
      const at = `${pointer}/${pointerKey(name)}`
      const wrong = !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      if (wrong)
        reader.problem(`${at}#key`, `'${name}' can't be the name of an environment variable`, 'use A-Z and _')
      if (wrong || (value !== null && typeof value !== 'object')) return !wrong
      reader.problem(at, `'${name}' must be text, not ${describe(value)}`, 'write text or a number')
      return false
    }),
  )
}

function readBecomeUser(spot: Spot, pointer: string): string | undefined {
  const at = `${pointer}/become_user`
  if (spot.reader.text(at, "'become_user'") === undefined) return undefined
  const user = valueBefore(spot, at, "'become_user'", "write the user's name")
  if (user === undefined || (typeof user === 'string' && /^[a-z_][a-z0-9_.-]*\$?$/i.test(user))) return user
  spot.reader.problem(at, `'become_user' must be the name of a user`, "write e.g. 'become_user: postgres'")
  return undefined
}

export function readTags(reader: Reader, pointer: string): string[] {
  return reader.texts(`${pointer}/tags`, "'tags'").flatMap((tags) => tags.split(',').map((tag) => tag.trim()))
}

function readTimeout(spot: Spot, pointer: string): number | undefined {
  const wanted = { fits: (value: number) => value > 0, what: 'a number of seconds above 0', example: '600' }
  return readNumber(spot, pointer, 'timeout', wanted)
}

export interface WantedNumber {
  fits: (value: number) => boolean
  /** In words. */
  what: string
  example: string
}

/** A number, or a template that gives one before the run. */
export function readNumber(
  spot: Spot,
  pointer: string,
  key: string,
  { fits, what, example }: WantedNumber,
): number | undefined {
  const at = `${pointer}/${key}`
  const value = valueBefore(spot, at, `'${key}'`, `write e.g. ${key}: ${example}`)
  if (value === undefined || (typeof value === 'number' && fits(value))) return value
  spot.reader.problem(at, `'${key}' must be ${what}`, `write e.g. ${key}: ${example}`)
  return undefined
}
