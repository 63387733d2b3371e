import type { Json, JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'
import { OLD_LOOP_KEYS, readOldLoop } from '../ansible/ansibleloops.ts'
import { inherit } from './inherit.ts'
import type { Spot, WrittenStep } from './spot.ts'
import { standing } from './standing.ts'
import { HANDLER_KEYWORDS, LOOP_CONTROL_HABITS, LOOP_CONTROL_KEYWORDS, STEP_KEYWORDS } from './keywords.ts'
import { explainName } from '../names.ts'
import type { Loop } from '../program.ts'
import { readRetry, readVerdicts } from './results.ts'
import type { Schema } from '../check/schemas.ts'
import { readTaskUse } from './taskuse.ts'
import { hasTemplate } from '../template/template.ts'
import { isMapping } from '../template/values.ts'

/** What a step is for. */
export type Purpose = 'step' | 'handler' | 'gate'

/** Reads one step; undefined, and reported, when it can't be made out. */
export async function readStep(
  spot: Spot,
  pointer: string,
  written: JsonObject,
  purpose: Purpose,
): Promise<WrittenStep | undefined> {
  const { reader, reading } = spot
  const handler = purpose === 'handler'
  const use = await readTaskUse(spot, pointer, written, handler ? HANDLER_KEYWORDS : STEP_KEYWORDS)
  if (handler) checkHandlerName(spot, pointer, written)
  const inherited = inherit(spot, pointer)
  const inside = { ...spot, inherited }
  checkBecome(inside, pointer)
  if (purpose === 'gate' && written.notify !== undefined)
    reader.problem(`${pointer}/notify#key`, "a step of a 'gate' can't notify", 'handlers run before the gate')
  const loop = readLoop(spot, pointer)
  const register = readRegister(spot, pointer)
  const retry = readRetry(inside, pointer)
  const listen = handler ? reader.texts(`${pointer}/listen`, "'listen'") : []
  const name = reader.text(`${pointer}/name`, "'name'")
  if (use === undefined) {
    for (const topic of [name ?? [], listen].flat()) if (handler) reading.topics.add(topic)
    return undefined
  }
  const { task, key, args, places } = use
  return {
    ...standing(spot, pointer, inherited, { key, name: task.name, places }),
    ...loop,
    ...readVerdicts(spot, pointer, task.name),
    name: name ?? defaultName(task, args),
    task,
    args,
    register,
    retry,
    listen,
  }
}

function checkHandlerName({ reader }: Spot, pointer: string, step: JsonObject): void {
  if (step.name === undefined && step.listen === undefined)
    reader.problem(pointer, "a handler needs a 'name' or 'listen'", 'steps notify it by that')
  if (typeof step.name === 'string' && step.name.includes('{{'))
    reader.problem(`${pointer}/name`, "a handler's name can't hold a template", 'write it out')
}

function checkBecome({ reader, inherited }: Spot, pointer: string): void {
  if (inherited.become || reader.get(`${pointer}/become_user`) === undefined) return
  reader.problem(
    `${pointer}/become_user#key`,
    "'become_user' does nothing without 'become'",
    'add become: true',
  )
}

/** A loop, if there is one. Its variable must not hide that of a loop around it. */
export function readLoop(spot: Spot, pointer: string): Loop {
  const { reader, inherited } = spot
  const control = `${pointer}/loop_control`
  reader.mapping(control, "'loop_control'", "'loop_var: name' or 'label: text' below it")
  if (isMapping(reader.get(control) ?? null))
    reader.unknownKeys(control, Object.keys(LOOP_CONTROL_KEYWORDS), 'loop_control', LOOP_CONTROL_HABITS)
  const loopVar = reader.text(`${control}/loop_var`, "'loop_var'") ?? 'item'
  const wrong = loopVar === 'item' ? undefined : explainName(loopVar)
  if (wrong !== undefined) reader.problem(`${control}/loop_var`, wrong.message, wrong.hint)
  const given = reader.get(`${pointer}/loop`) ?? oldLoop(spot, pointer)
  const isLoop = given === undefined || Array.isArray(given) || typeof given === 'string'
  // Of what is none the items are not asked for.
  const loop = isLoop ? given : []
  if (!isLoop)
    reader.problem(`${pointer}/loop`, "'loop' must be a list", 'write a list, or a template that gives one')
  if (loop !== undefined && inherited.outerItems.includes(loopVar)) {
    const hint = 'give one of them another name by loop_control: {loop_var: name}'
    reader.problem(`${pointer}/loop#key`, `'${loopVar}' is the item of a loop around this one`, hint)
  }
  return { loop, loopVar, label: reader.text(`${control}/label`, "'label'") }
}

/** A loop in Ansible's old words; of one that can't be read, which is reported, the items are not asked for. */
function oldLoop({ reader, reading }: Spot, pointer: string): Json | undefined {
  const step = reader.get(pointer) as JsonObject
  const key = OLD_LOOP_KEYS.find((one) => step[one] !== undefined)
  if (key === undefined) return Object.keys(step).some((one) => /^with_\w/.test(one)) ? [] : undefined
  const { loop, cure } = readOldLoop(key, step[key] as Json)
  const place = reader.placeOf(`${pointer}/${key}#key`)
  const as = loop === undefined ? undefined : 'loop'
  reading.spellings.push({ place, written: key, as, foreign: true, notes: [] })
  if (loop === undefined) reader.problem(`${pointer}/${key}`, `this '${key}' can't be read as a loop`, cure)
  return loop ?? []
}

function readRegister({ reader, reading }: Spot, pointer: string): string | undefined {
  const name = reader.text(`${pointer}/register`, "'register'")
  if (name === undefined) return undefined
  const wrong = explainName(name)
  if (wrong !== undefined) reader.problem(`${pointer}/register`, wrong.message, wrong.hint)
  reading.registers.add(name)
  return name
}

/** The task and its main argument; never one that may be a secret. */
function defaultName(task: Task, args: JsonObject): string {
  const { required = [], properties = {} } = task.args as Schema
  const candidates = [...required, ...Object.keys(properties)]
  const main = candidates.find((key) => typeof args[key] === 'string' && properties[key]?.format !== 'secret')
  if (main === undefined) return task.name
  return `${task.name} ${shortened(args[main] as string)}`.trimEnd()
}

/** One short line; a template is whole or not in it at all. */
function shortened(text: string): string {
  const line = text.split('\n', 1)[0] as string
  const isWhole = line.length <= 60 && (line === text.trimEnd() || !hasTemplate(line))
  if (isWhole) return line
  const [plain] = line.split(/\{[{%#]/, 1) as [string]
  return plain.trim() === '' ? '' : `${plain.slice(0, 57).trimEnd()}...`
}
