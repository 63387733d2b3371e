import type { JsonObject } from '../../core/json.ts'
import { inherit } from './inherit.ts'
import type { Inherited, Spot, WrittenStep } from './spot.ts'
import { standing } from './standing.ts'
import { readIncludedTasks } from './imports.ts'
import { BLOCK_HABITS, BLOCK_KEYWORDS, INCLUDES, META_KEYWORDS, STEP_HABITS } from './keywords.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Loop } from '../program.ts'
import { readIncludedRole } from './roles.ts'
import { type Purpose, readLoop, readStep } from './steps.ts'
import { describe, isMapping } from '../template/values.ts'

/** A block as it is written. */
export interface WrittenBlock extends Loop {
  body: WrittenNode[]
  rescue: WrittenNode[]
  always: WrittenNode[]
  /** The block itself, in the shape of a step without a task. */
  self: Omit<WrittenStep, 'task'>
}

export interface WrittenFlush {
  flush: true
  tags: string[]
  place: WrittenStep['place']
}

export type WrittenNode = WrittenStep | WrittenBlock | WrittenFlush

/** All steps of a list, those inside of blocks too, in the order they are written. */
export function stepsOf(nodes: WrittenNode[]): WrittenStep[] {
  return nodes.flatMap((node) => {
    if ('flush' in node) return []
    return 'body' in node ? stepsOf([...node.body, ...node.rescue, ...node.always]) : [node]
  })
}

/** Reads a list of steps, blocks and includes. */
export async function readNodes(
  spot: Spot,
  pointer: string,
  purpose: Purpose,
  what: string,
): Promise<WrittenNode[]> {
  const nodes: WrittenNode[] = []
  const list = spot.reader.list(pointer, what, "'- name: ...' for each step")
  for (const index of list.keys()) nodes.push(...(await readNode(spot, `${pointer}/${index}`, purpose)))
  return nodes
}

/** A list of plain steps: a handler, or a step of a gate, is no block. */
export async function readSteps(
  spot: Spot,
  pointer: string,
  purpose: Purpose,
  what: string,
): Promise<WrittenStep[]> {
  const nodes = await readNodes(spot, pointer, purpose, what)
  return nodes.filter((node): node is WrittenStep => {
    if (!('flush' in node) && !('body' in node)) return true
    const place = 'flush' in node ? node.place : node.self.place
    const message = `${what} holds only steps, without blocks, loops over includes, and flushes`
    spot.reader.problems.push({ severity: 'error', place, message, hint: 'write each step by itself' })
    return false
  })
}

async function readNode(spot: Spot, pointer: string, purpose: Purpose): Promise<WrittenNode[]> {
  const { reader } = spot
  const value = reader.get(pointer) ?? null
  if (!isMapping(value)) {
    reader.problem(pointer, 'a step must be a mapping', "write '- name: ...' with the task's name below it")
    return []
  }
  const keys = Object.keys(value)
  if (keys.includes('hosts')) {
    reader.problem(`${pointer}/hosts#key`, 'a play stands among the steps', STEP_HABITS.hosts)
    return []
  }
  if (['block', 'rescue', 'always'].some((key) => keys.includes(key)))
    return readBlock(spot, pointer, value, purpose)
  const include = keys.find((key) => Object.hasOwn(INCLUDES, bare(key)))
  if (include?.endsWith('_tasks')) return readIncludedTasks(spot, pointer, include, purpose)
  if (include !== undefined && purpose === 'step') return readIncludedRole(spot, pointer, include)
  if (include !== undefined) {
    const message = `a ${purpose} can't be a role`
    reader.problem(`${pointer}/${pointerKey(include)}#key`, message, "write its steps, or 'import_tasks'")
    return []
  }
  const meta = keys.find((key) => bare(key) === 'meta')
  if (meta !== undefined) return readMeta(spot, pointer, meta)
  const step = await readStep(spot, pointer, value, purpose)
  return step === undefined ? [] : [step]
}

/** Keys that are no tasks may be written with the name of their collection. */
export function bare(key: string): string {
  return key.replace(/^ansible\.(builtin|legacy)\./, '')
}

function readMeta({ reader, inherited }: Spot, pointer: string, key: string): WrittenNode[] {
  const at = `${pointer}/${pointerKey(key)}`
  reader.unknownKeys(pointer, [...Object.keys(META_KEYWORDS), key], "'meta'", STEP_HABITS)
  const what = reader.get(at)
  if (what === 'flush_handlers') {
    const tags = [...inherited.tags, ...reader.texts(`${pointer}/tags`, "'tags'")]
    return [{ flush: true, tags, place: reader.placeOf(pointer) }]
  }
  const name = typeof what === 'string' ? what : ''
  const habit = Object.hasOwn(META_HABITS, name) ? META_HABITS[name] : "only 'flush_handlers'"
  reader.problem(at, `'meta' can't be ${name === '' ? describe(what ?? null) : `'${name}'`}`, habit)
  return []
}

const META_HABITS: Record<string, string> = {
  end_play: "put the steps that follow into a 'block' with 'when'",
  end_host: "put the steps that follow into a 'block' with 'when'",
  end_batch: "put the steps that follow into a 'block' with 'when'",
  end_role: "put the steps that follow into a 'block' with 'when'",
  noop: 'remove it',
  clear_facts: 'remove it: facts are looked at afresh in each run',
  clear_host_errors: "use 'rescue', or 'ignore_errors'",
  refresh_inventory: 'remove it: the inventory is read once per run',
  reset_connection: 'remove it: the task user sees to it that new groups hold',
}

async function readBlock(
  spot: Spot,
  pointer: string,
  written: JsonObject,
  purpose: Purpose,
): Promise<WrittenNode[]> {
  const { reader, reading } = spot
  const tasks = Object.fromEntries(reading.names.map((name) => [name, "write it as a step under 'block'"]))
  reader.unknownKeys(pointer, Object.keys(BLOCK_KEYWORDS), 'a block', { ...tasks, ...BLOCK_HABITS })
  if (written.block === undefined) {
    const key = written.rescue === undefined ? 'always' : 'rescue'
    const hint = "write the steps before it under 'block'"
    reader.problem(`${pointer}/${key}#key`, `'${key}' needs a 'block' beside it`, hint)
  }
  const inherited = inherit(spot, pointer)
  const loop = readLoop(spot, pointer)
  const inside = { ...spot, inherited: within(inherited, loop) }
  const body = await readNodes(inside, `${pointer}/block`, purpose, "'block'")
  const rescue = await readNodes(inside, `${pointer}/rescue`, purpose, "'rescue'")
  const always = await readNodes(inside, `${pointer}/always`, purpose, "'always'")
  if (Array.isArray(written.block) && written.block.length === 0)
    reader.problem(`${pointer}/block`, "the 'block' holds no steps", 'write some, or remove it')
  const alone = loop.loop === undefined && written.rescue === undefined && written.always === undefined
  return alone ? body : [block(spot, pointer, inherited, loop, { body, rescue, always })]
}

/** What is inside of a loop. */
export function within(inherited: Inherited, { loop, loopVar }: Loop): Inherited {
  return loop === undefined ? inherited : { ...inherited, outerItems: [...inherited.outerItems, loopVar] }
}

export function block(
  spot: Spot,
  pointer: string,
  inherited: Inherited,
  loop: Loop,
  parts: Pick<WrittenBlock, 'body' | 'rescue' | 'always'>,
): WrittenBlock {
  const name = spot.reader.text(`${pointer}/name`, "'name'") ?? 'block'
  return { ...loop, ...parts, self: { ...standing(spot, pointer, inherited), ...loop, name, args: {} } }
}
