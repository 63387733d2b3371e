import { TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import { placeText } from '../core/place.ts'
import type { Block, FlowNode } from '../load/program.ts'
import { namesOf } from '../load/promises.ts'
import { blockItemsNow } from './binding.ts'
import { runHandlers } from './handlers.ts'
import { failAtOnce, leaveOpen } from './ending.ts'
import { runStep } from './items.ts'
import { stepsIn } from './nodes.ts'
import type { Ended, Walk } from './walk.ts'
import { Stopped } from './waits.ts'

/** Runs steps, blocks and flushes in order; resolves with why the host goes no further, if it does not. */
export async function runFlow(nodes: FlowNode[], walk: Walk): Promise<Ended | undefined> {
  for (const node of nodes) {
    const ended = await runNode(node, walk)
    if (ended !== undefined) return ended
  }
  return undefined
}

function runNode(node: FlowNode, walk: Walk): Promise<Ended | undefined> {
  if ('flush' in node) return runHandlers(walk)
  return 'body' in node ? runBlock(node, walk) : runStep(node, walk)
}

async function runBlock(block: Block, walk: Walk): Promise<Ended | undefined> {
  const items = await itemsOf(block, walk)
  if (!Array.isArray(items)) return items
  for (const item of items) {
    const inner =
      item === undefined ? walk : { ...walk, outerItems: { ...walk.outerItems, [block.loopVar]: item } }
    const ended = await runThrough(block, inner)
    if (ended !== undefined) return ended
  }
  const host = walk.session.host.name
  walk.once.pass(host, [block], walk.outerItems)
  walk.run.values.pass(host, stepsIn([block]).flatMap(namesOf))
  return undefined
}

/** The items of a block, or why the host goes no further without them. */
async function itemsOf(block: Block, walk: Walk): Promise<(Json | undefined)[] | Ended | undefined> {
  try {
    const items = await blockItemsNow(block, walk)
    if (items !== undefined) return items
    for (const step of stepsIn(block.body)) leaveOpen(step, walk)
    return undefined
  } catch (error) {
    if (error instanceof Stopped) return { state: 'stopped' }
    if (!(error instanceof TaskError)) throw error
    return failAtOnce(block.first, walk, error).ended
  }
}

/** A block once: its body, its rescue when that failed, and its last steps in any case but an interruption. */
async function runThrough(block: Block, walk: Walk): Promise<Ended | undefined> {
  const { body, rescue, always } = block
  const { once, outerItems, session } = walk
  const rescuing = rescue.length > 0
  let ended = await runFlow(body, { ...walk, rescued: walk.rescued || rescuing })
  const over = ended === undefined ? [...body, ...rescue] : body
  once.pass(session.host.name, over, outerItems)
  missNames(over, walk)
  if (ended?.state === 'failed' && rescuing) {
    tellRescue(walk, ended)
    ended = await runFlow(rescue, walk)
  }
  if (ended === undefined || ended.state === 'failed') return (await runFlow(always, walk)) ?? ended
  if (ended.state === 'interrupted' && always.length > 0) tellUnfinished(block, walk)
  return ended
}

/** What the steps that were left out would have made known is undefined from here on. */
function missNames(nodes: FlowNode[], { run, session }: Walk): void {
  for (const name of stepsIn(nodes).flatMap(namesOf)) run.values.miss(session.host.name, name)
}

/** What the steps of the rescue know of the failure. */
function tellRescue({ run, session }: Walk, { failed }: Ended): void {
  if (failed === undefined) return
  const step = { name: failed.step.name, task: failed.step.task }
  for (const name of ['failed_step', 'ansible_failed_task']) run.values.set(session.host.name, name, step)
  for (const name of ['failed_result', 'ansible_failed_result'])
    run.values.set(session.host.name, name, failed.result)
}

/** Once for each block, not for each of its hosts. */
function tellUnfinished(block: Block, { run }: Walk): void {
  if (run.unfinished.has(block)) return
  run.unfinished.add(block)
  const message = `interrupted inside the block of ${placeText(block.first.place)}: the steps of its 'always' were not run; to go on run the playbook again`
  run.emit({ type: 'notice', message })
}
