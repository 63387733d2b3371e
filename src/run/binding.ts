import { TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import {
  type BindContext,
  type Bound,
  bind,
  blockItems,
  decide,
  type LoopItems,
  loopItems,
  type Missing,
} from '../load/bind.ts'
import { isLate, LATE } from '../core/late.ts'
import type { Block, Play, Step } from '../load/program.ts'
import { hasTemplate } from '../load/template/template.ts'
import { withSecrets } from '../load/secret/secretlookup.ts'
import type { RunContext } from './context.ts'
import { readValue } from './foreign.ts'
import type { Session } from './session.ts'
import type { Use } from './step.ts'

/** Where something is bound: one host in one play. */
export interface Place {
  play: Play
  /** Of the host whose values are used. */
  session: Session
  run: RunContext
  /** Items of the looping blocks around. */
  outerItems?: JsonObject
  /** The host that waits when a value has to be waited for; that of the session if absent. */
  asking?: string
}

/** A step on one host. */
export interface Site extends Place {
  step: Step
}

export function contextOf({ play, session, run, outerItems }: Place, item?: Json): BindContext {
  return {
    program: run.program,
    play,
    host: session.host,
    live: run.values,
    check: run.mode === 'check',
    item,
    outerItems,
  }
}

/** The arguments of a use, after waiting for the values of other hosts that they need. */
export async function bindNow(use: Use): Promise<Bound> {
  const { run, session, name } = use
  for (;;) {
    const bound = await withSecrets(() => bind(use.step, contextOf(use, use.item)))
    if (bound.state === 'ready') return bound
    const [first] = bound.missing
    if (first === undefined) return known(bound, run)
    const message = `waiting for ${first.name} of ${first.host}`
    run.emit({ type: 'step-progress', host: session.host.name, step: name, message })
    await readValue(use, first)
  }
}

/** What only applying can tell is accepted in a check; in an apply it can't be. */
function known<T>(late: T, run: RunContext): T {
  if (run.mode === 'check') return late
  throw new TaskError('a value that this step needs never became known')
}

/** The items a step runs for; [undefined] without a loop, and nothing where only applying can tell. */
export function itemsNow(site: Site): Promise<(Json | undefined)[] | undefined> {
  if (site.step.loop === undefined) return Promise.resolve([undefined])
  return readyItems(site, () => loopItems(site.step, contextOf(site)))
}

/** As itemsNow, of a block. */
export function blockItemsNow(block: Block, place: Place): Promise<(Json | undefined)[] | undefined> {
  if (block.loop === undefined) return Promise.resolve([undefined])
  return readyItems(place, () => blockItems(block, contextOf(place)))
}

async function readyItems(place: Place, evaluate: () => LoopItems): Promise<Json[] | undefined> {
  for (;;) {
    const loop = await withSecrets(evaluate)
    if (loop.state === 'ready') return loop.items
    const [first] = loop.missing
    if (first === undefined) return known(undefined, place.run)
    await readValue(place, first)
  }
}

/** Whether conditions over the result of a use hold; LATE where only applying can tell. */
export async function decideNow(
  use: Use,
  keyword: 'changed_when' | 'failed_when' | 'until',
  conditions: (string | boolean)[],
  result: JsonObject,
): Promise<boolean | typeof LATE> {
  for (;;) {
    const context = { ...contextOf(use, use.item), result }
    const { holds, missing } = await withSecrets(() => decide(use.step, keyword, conditions, context))
    const [first] = missing as (Missing | undefined)[]
    if (holds !== LATE) return holds
    if (first === undefined) return known(LATE, use.run)
    await readValue(use, first)
  }
}

/** The name of a use, the label of its item and the host it is delegated to, as far as they are known by now. */
export function boundName(site: Site, item?: Json): { text?: string; label?: string; delegate?: string } {
  const { step } = site
  // What is in it need not be evaluated to tell a name that is written out.
  if (item === undefined && step.delegateTo === undefined && !hasTemplate(step.name))
    return { text: step.name }
  try {
    const { name: text, label, delegate } = bind(step, contextOf(site, item))
    return { text, label, delegate: isLate(delegate) ? undefined : delegate }
  } catch {
    // What is wrong with it shows when the step itself is bound.
    return {}
  }
}

/** What a step would look at, as far as its arguments are known by now. Mistakes show when the step itself runs. */
export function bindAhead(site: Site): Bound[] {
  const loop = site.step.loop === undefined ? undefined : () => loopItems(site.step, contextOf(site))
  return itemsAhead(loop).flatMap((item) => {
    try {
      const bound = bind(site.step, contextOf(site, item))
      return bound.when === false ? [] : [bound]
    } catch {
      return []
    }
  })
}

/** The items of a block, as far as they are known by now; [undefined] without a loop. */
export function blockItemsAhead(block: Block, place: Place): (Json | undefined)[] {
  return itemsAhead(block.loop === undefined ? undefined : () => blockItems(block, contextOf(place)))
}

function itemsAhead(evaluate: (() => LoopItems) | undefined): (Json | undefined)[] {
  if (evaluate === undefined) return [undefined]
  try {
    const loop = evaluate()
    return loop.state === 'ready' ? loop.items : []
  } catch {
    return []
  }
}

/** Whether a script can't be run yet because a value in it is not known. */
export function looksLate(...parts: string[]): boolean {
  return parts.some((part) => isLate(part) || part.includes(LATE_IN_JSON))
}

/** Subjects of surveys are JSON, which spells it otherwise. */
const LATE_IN_JSON = JSON.stringify(LATE).slice(1, -1)
