import { didYouMean, nearest } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Task } from '../core/task.ts'
import type { Spot } from './spot.ts'
import { BLOCK_KEYWORDS, INCLUDES, type Keywords, STEP_HABITS, TASK_HABITS } from './keywords.ts'
import { pointerKey } from './plaindata.ts'
import type { Schema } from './schemas.ts'
import { isMapping } from './values.ts'

/** Which task a step uses, and how. */
export interface TaskUse {
  task: Task
  /** The key of the step that names the task. */
  key: string
  args: JsonObject
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
  const key = taskKey(spot, pointer, step, keywords)
  if (key === undefined) return undefined
  const task = await spot.reading.task(key)
  const args = readArgs(spot, `${pointer}/${pointerKey(key)}`, task)
  return args === undefined ? undefined : { task, key, args }
}

function taskKey(
  { reader, reading }: Spot,
  pointer: string,
  step: JsonObject,
  keywords: Keywords,
): string | undefined {
  const others = Object.keys(step).filter((key) => !Object.hasOwn(keywords, key))
  const found = others.filter((key) => reading.names.includes(key))
  for (const key of others.filter((one) => !reading.names.includes(one))) {
    const habit = Object.hasOwn(STEP_HABITS, key) ? STEP_HABITS[key] : undefined
    const isTask = found.length === 0 && habit === undefined
    const message = isTask ? `there is no task '${key}'` : `'${key}' is not a key of a step`
    const known = Object.keys(keywords)
    const hint = isTask ? taskHint(key, known, reading.names) : (habit ?? didYouMean(key, known))
    reader.problem(`${pointer}/${pointerKey(key)}#key`, message, hint)
  }
  const [first, second] = found
  if (others.length === 0)
    reader.problem(pointer, 'the step names no task', `add one: ${reading.names.slice(0, 30).join(', ')}`)
  if (second === undefined) return first
  const message = `the step has two tasks, '${first}' and '${second}'`
  reader.problem(`${pointer}/${second}#key`, message, 'make it two steps')
  return undefined
}

/** Of a task that is not there: `ansible.builtin.apt` is meant as `apt`. A keyword may be mistyped as well. */
function taskHint(key: string, keywords: string[], names: string[]): string {
  const name = key.slice(key.lastIndexOf('.') + 1)
  if (names.includes(name)) return `write '${name}'`
  if (Object.hasOwn(TASK_HABITS, name)) return TASK_HABITS[name]!
  const forms = [...Object.keys(BLOCK_KEYWORDS), ...Object.keys(INCLUDES), 'meta']
  const guess = nearest(key, [...names, ...keywords, ...forms])
  return didYouMean(key, guess === undefined ? names : [guess])
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
