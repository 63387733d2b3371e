import type { Json, JsonObject } from '../core/json.ts'
import { LATE } from '../core/late.ts'
import type { Step } from '../load/program.ts'
import { itemsNow, type Site } from './binding.ts'
import { endOf, failAtOnce, handledBy, leaveOpen, nameOf } from './ending.ts'
import { runForAll } from './forall.ts'
import type { Outcome } from './outcome.ts'
import { maskResult } from './secrecy.ts'
import { runUse } from './step.ts'
import type { Ended, Ran, Walk } from './walk.ts'

/** Runs a step, item by item when it loops, and makes known what it registers. */
export async function runStep(step: Step, walk: Walk): Promise<Ended | undefined> {
  const { run, session } = walk
  if (run.signal.aborted) return { state: 'interrupted' }
  if (run.halted !== undefined) return { state: 'stopped' }
  const ran = await (step.runOnce ? runForAll(step, walk, runItems) : runItems(step, walk))
  for (const [name, value] of ran.values) run.values.set(session.host.name, name, value)
  return ran.ended
}

async function runItems(step: Step, walk: Walk): Promise<Ran> {
  const site = { ...walk, step }
  try {
    const items = await itemsNow(site)
    return items === undefined
      ? { values: valuesOf(step, [leaveOpen(step, walk)]), failed: false }
      : await runEach(items, site, walk)
  } catch (error) {
    const { outcome, ended } = failAtOnce(step, walk, error as Error)
    return { values: valuesOf(step, [outcome]), failed: true, ended }
  }
}

async function runEach(items: (Json | undefined)[], site: Site, walk: Walk): Promise<Ran> {
  const { step } = site
  const outcomes: Outcome[] = []
  let ended: Ended | undefined
  for (const item of items) {
    const name = nameOf(site, item)
    const outcome = await runUse({ ...site, item, name, handled: handledBy(step, walk) })
    outcomes.push(item === undefined ? outcome : withItem(outcome, item, site))
    ended = endOf(outcome, name, step)
    if (ended !== undefined) break
    tellVariables(site, outcome)
  }
  const failed = outcomes.some(({ status }) => status === 'failed')
  // Nobody shall take the result of a step for good that has failed for good.
  return { values: ended === undefined || walk.rescued ? valuesOf(step, outcomes) : [], failed, ended }
}

/** Each result of a loop tells which item it is of. */
function withItem(outcome: Outcome, item: Json, { step, run }: Site): Outcome {
  const told = { [step.loopVar]: item, ansible_loop_var: step.loopVar }
  if (step.noLog) maskResult({ item }, run.redactor)
  return { ...outcome, result: { ...outcome.result, ...told } }
}

/** Known to the next item already. */
function tellVariables({ step, run, session }: Site, { result }: Outcome): void {
  for (const name of variablesOf(step)) run.values.set(session.host.name, name, result[name] ?? null)
}

function variablesOf({ task, args }: Step): string[] {
  return task.variables?.(args) ?? []
}

function valuesOf(step: Step, outcomes: Outcome[]): [string, Json][] {
  const results = outcomes.map(({ status, result }): Json => (status === 'unknown' ? LATE : result))
  const last = outcomes.at(-1)?.result ?? {}
  const values = variablesOf(step).map((name): [string, Json] => [name, last[name] ?? null])
  if (step.register === undefined) return values
  return [...values, [step.register, step.loop === undefined ? (results[0] ?? LATE) : wholeOf(results)]]
}

/** What a looping step registers. */
function wholeOf(results: Json[]): JsonObject {
  const each = (name: string) => results.map((one) => (one === LATE ? LATE : (one as JsonObject)[name]))
  const flag = (name: string): Json => each(name).includes(true) || (each(name).includes(LATE) ? LATE : false)
  const skipped = results.length > 0 && each('skipped').every((one) => one === true || one === LATE)
  return { results, changed: flag('changed'), failed: flag('failed'), skipped }
}
