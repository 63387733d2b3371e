import { didYouMean, nearest } from '../../base/suggest.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'
import { moduleOf, shortName, translate } from '../ansible/ansible.ts'
import { OLD_LOOP_KEYS } from '../ansible/ansibleloops.ts'
import { MODULES } from '../ansible/ansiblemodules.ts'
import { refusedModule } from '../ansible/ansiblerefusals.ts'
import type { Module, Written } from '../ansible/ansiblerules.ts'
import type { Spelling } from '../ansible/carryover.ts'
import type { Spot } from './spot.ts'
import { BLOCK_KEYWORDS, INCLUDES, type Keywords, PLAY_KEYWORDS, STEP_HABITS } from './keywords.ts'
import { loadTask } from '../library.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Schema } from '../check/schemas.ts'
import { isMapping } from '../template/values.ts'

/** Which task a step uses, and how. */
export interface TaskUse {
  task: Task
  /** The key of the step that names the task. */
  key: string
  args: JsonObject
  /** Arguments that are written elsewhere than below the key, or under another name. */
  places: ReadonlyMap<string, Written>
}

/**
 * The one key of a step that is no keyword names its task; undefined, and reported, when it can't be made out. Here alone
 * a key becomes a task and what stands below it arguments: places of arguments are looked up below `key`.
 */
export async function readTaskUse(
  spot: Spot,
  pointer: string,
  step: JsonObject,
  keywords: Keywords,
): Promise<TaskUse | undefined> {
  const key = await taskKey(spot, pointer, step, keywords)
  if (key === undefined) return undefined
  const own = spot.reading.ownTask(spot.inherited.folders, key)
  const module = own !== undefined || isOwn(spot, key) ? undefined : moduleOf(key)
  if (module !== undefined) return translatedUse(spot, pointer, step, key, module)
  const at = `${pointer}/${pointerKey(key)}`
  const task = await (own === undefined
    ? spot.reading.task(key)
    : spot.reading.openTask(own, spot.reader.placeOf(at)))
  if (task === undefined) return undefined
  const args = readArgs(spot, at, task)
  note(spot, pointer, key, { as: key, foreign: false, notes: [] })
  return args === undefined ? undefined : { task, key, args, places: new Map() }
}

/** A task of ours, or of the user's, that only shares its name with another module of Ansible. */
function isOwn({ reading }: Spot, key: string): boolean {
  return reading.names.includes(key) && moduleOf(key)?.task !== key
}

/** A step that may be written in Ansible's words. */
async function translatedUse(
  spot: Spot,
  pointer: string,
  step: JsonObject,
  key: string,
  module: Module,
): Promise<TaskUse | undefined> {
  const { reader, reading } = spot
  const draft = await translate(step, key, module, (name) => loadTask(name))
  if (draft === undefined) {
    note(spot, pointer, key, { foreign: key !== module.task, notes: [] })
    readArgs(spot, `${pointer}/${pointerKey(key)}`, await loadTask(module.task))
    return undefined
  }
  for (const { at, shift, message, hint } of draft.refusals) {
    const place = reader.placeOf(pointer + at)
    const shifted = { ...place, column: place.column + shift }
    reader.problems.push({ severity: 'error', place: shifted, message, hint })
  }
  const refused = draft.refusals.length > 0
  const { foreign, notes } = draft
  note(spot, pointer, key, { as: refused ? undefined : draft.task, foreign, notes: [...notes] })
  if (refused) return undefined
  return { task: await reading.task(draft.task), key, args: draft.args, places: draft.places }
}

function note(
  { reader, reading }: Spot,
  pointer: string,
  key: string,
  what: Pick<Spelling, 'as' | 'foreign' | 'notes'>,
): void {
  const place = reader.placeOf(`${pointer}/${pointerKey(key)}#key`)
  reading.spellings.push({ place, written: key, step: reader.placeOf(pointer), ...what })
}

async function taskKey(
  spot: Spot,
  pointer: string,
  step: JsonObject,
  keywords: Keywords,
): Promise<string | undefined> {
  const { reader, reading, inherited } = spot
  const others = Object.keys(step).filter((key) => !isKeyword(key, step, keywords))
  const names = reading.namesIn(inherited.folders)
  const isTask = (key: string): boolean => names.includes(key) || moduleOf(key) !== undefined
  const found = others.filter(isTask)
  for (const key of others.filter((one) => !isTask(one)))
    await explainKey(spot, pointer, key, found, keywords)
  const [first, second] = found
  if (others.length === 0)
    reader.problem(pointer, 'the step names no task', `add one, e.g. package, copy or systemd; ${LISTED}`)
  if (second === undefined) return first
  const message = `the step has two tasks, '${first}' and '${second}'`
  reader.problem(`${pointer}/${pointerKey(second)}#key`, message, 'make it two steps')
  return undefined
}

/** `args` holds arguments of the module that stands beside it. */
function isKeyword(key: string, step: JsonObject, keywords: Keywords): boolean {
  if (Object.hasOwn(keywords, key) || OLD_LOOP_KEYS.includes(key)) return true
  return (
    key === 'args' && isMapping(step.args) && Object.keys(step).some((one) => moduleOf(one) !== undefined)
  )
}

const LISTED = "'provision docs' lists them"

/** Of a key that is neither a task nor a keyword. */
async function explainKey(
  spot: Spot,
  pointer: string,
  key: string,
  found: string[],
  keywords: Keywords,
): Promise<void> {
  const { reader, reading, inherited } = spot
  const habit = Object.hasOwn(STEP_HABITS, key) ? STEP_HABITS[key] : undefined
  const isTask = found.length === 0 && habit === undefined
  const message = isTask ? `there is no task '${key}'` : `'${key}' is not a key of a step`
  const known = Object.keys(keywords)
  const hint = isTask
    ? taskHint(key, known, reading.namesIn(inherited.folders))
    : (habit ?? (await argumentHint(spot, key, found)) ?? keyHint(key, known))
  const foreign = isTask && refusedModule(key) !== undefined
  if (isTask) note(spot, pointer, key, { foreign, notes: [] })
  reader.problem(`${pointer}/${pointerKey(key)}#key`, message, hint)
}

function keyHint(key: string, keywords: string[]): string {
  const loop = nearest(key, OLD_LOOP_KEYS)
  return loop !== undefined && nearest(key, keywords) === undefined
    ? `did you mean '${loop}'?`
    : didYouMean(key, keywords)
}

/** Of an argument that stands beside its task and not below it. */
async function argumentHint({ reading }: Spot, key: string, [used]: string[]): Promise<string | undefined> {
  const name = used === undefined ? undefined : (moduleOf(used)?.task ?? used)
  if (name === undefined || !reading.names.includes(name)) return undefined
  const { properties = {} } = (await reading.task(name)).args as Schema
  return Object.hasOwn(properties, key)
    ? `it is an argument of ${name}: write it below the task, beside its others`
    : undefined
}

/** Of a task that is not there: a module of Ansible without a counterpart, or a keyword mistyped as well. */
function taskHint(key: string, keywords: string[], names: string[]): string {
  const name = shortName(key)
  if (name !== key && names.includes(name)) return `write '${name}'`
  const cure = refusedModule(key)
  if (cure !== undefined) return cure
  const forms = [...Object.keys(BLOCK_KEYWORDS), ...Object.keys(INCLUDES), 'meta', ...Object.keys(MODULES)]
  if (Object.hasOwn(PLAY_KEYWORDS, key)) return `only plays have it: write it beside 'tasks', not below`
  const guess = nearest(key, [...names, ...keywords, ...forms])
  return guess === undefined ? LISTED : `did you mean '${guess}'?`
}

function readArgs({ reader }: Spot, pointer: string, task: Task): JsonObject | undefined {
  const value = reader.get(pointer) ?? {}
  if (isMapping(value)) return value
  reader.problem(pointer, `the arguments of ${task.name} must be a mapping`, argsHint(task, value))
  return undefined
}

/** What to write instead of the short form `key=value key=value`, or of a single text. */
function argsHint(task: Task, value: Json): string | undefined {
  const { properties = {}, required = Object.keys(properties) } = task.args as Schema
  const [main] = required
  const pairs = typeof value === 'string' ? shortForm(value, properties) : undefined
  const text =
    pairs ?? (typeof value === 'string' && main !== undefined ? `${main}: ${scalar(value)}` : undefined)
  if (text !== undefined && text.length <= 200 && !text.includes('\\n'))
    return `write ${task.name}: {${text}}`
  return main === undefined ? undefined : `write '${task.name}:' and below it '${main}: ...'`
}

const PAIR = /(\w+)=("[^"]*"|'[^']*'|(?:\{\{.*?\}\}|\S)+)\s*/g

function shortForm(text: string, properties: Record<string, Schema>): string | undefined {
  const pairs = [...text.matchAll(PAIR)]
  if (pairs.length === 0 || text.trim().replaceAll(PAIR, '') !== '') return undefined
  return pairs
    .map(([, key, value]) => {
      const bare = (value as string).replace(/^(["'])(.*)\1$/, '$2')
      return `${key}: ${typed(bare, properties[key as string])}`
    })
    .join(', ')
}

function typed(text: string, schema: Schema | undefined): string {
  const types = [schema?.type ?? 'string'].flat()
  if (types.includes('boolean') && /^(yes|no|true|false|on|off)$/i.test(text))
    return String(/^(yes|true|on)$/i.test(text))
  return (types.includes('integer') || types.includes('number')) && /^\d+$/.test(text) ? text : scalar(text)
}

/** As YAML inside of braces; quoted where another value, or none, would be read. */
function scalar(text: string): string {
  const plain = /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
  return plain ? text : JSON.stringify(text)
}
