import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import type { JsonObject } from '../../src/core/json.ts'
import type { Block, FlowNode, Program, Step } from '../../src/load/program.ts'
import { program, run, step, useFolder, word } from './rig.ts'

/** A flow as plain data, so that a counterexample can be read. */
type Plan =
  | { put: string; word: string; notify: boolean; ignore: boolean; refuse: boolean }
  | { block: Plan[]; rescue: Plan[]; always: Plan[]; items: string[] }
  | 'flush'

const put = fc.record({
  put: fc.constantFrom('a', 'b', 'c'),
  word: fc.constantFrom('x', 'y', 'item'),
  notify: fc.boolean(),
  ignore: fc.boolean(),
  // Certain in a check: a refusal depends on nothing but what is there.
  refuse: fc.integer({ max: 5, min: 0 }).map((n) => n === 0),
})

const { flow } = fc.letrec<{ flow: Plan[]; node: Plan; block: Plan }>((tie) => ({
  flow: fc.array(tie('node'), { minLength: 1, maxLength: 3, depthIdentifier: 'flow' }),
  block: fc.record({
    block: tie('flow'),
    rescue: fc.oneof(fc.constant<Plan[]>([]), tie('flow')),
    always: fc.oneof(fc.constant<Plan[]>([]), tie('flow')),
    items: fc.subarray(['1', '2']),
  }),
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 2, depthIdentifier: 'flow' },
    put,
    fc.constant<Plan>('flush'),
    tie('block'),
  ),
}))

/** The program that a plan means, in a folder. */
function build(plan: Plan[], folder: string): Program {
  const steps: Step[] = []
  const make = (node: Plan, outer: string[]): FlowNode[] => {
    if (node === 'flush') return [{ flush: true }]
    if ('put' in node) {
      const item = outer.length === 0 ? node.word : `{{ ${outer.at(-1)} }}`
      const args = { file: `${folder}/${node.put}`, word: node.word === 'item' ? item : node.word }
      const refusal: JsonObject = node.refuse ? { refuse: 'no' } : {}
      const more = { notify: node.notify ? ['h'] : [], ignoreErrors: node.ignore, outerItems: outer }
      steps.push(step(steps.length + 1, word, { ...args, ...refusal }, more))
      return [steps.at(-1)!]
    }
    const loops = node.items.length > 0
    const loopVar = `item${outer.length}`
    const inner = loops ? [...outer, loopVar] : outer
    const before = steps.length
    const [body, rescue, always] = [node.block, node.rescue, node.always].map((nodes) =>
      nodes.flatMap((one) => make(one, inner)),
    ) as [FlowNode[], FlowNode[], FlowNode[]]
    const first = steps[before]
    if (first === undefined) return []
    const block: Block = { body, rescue, always, loopVar, first }
    return [loops ? { ...block, loop: node.items } : block]
  }
  const nodes = plan.flatMap((node) => make(node, []))
  const handler = step(steps.length + 1, word, { file: `${folder}/h`, word: 'h' }, { name: 'h' })
  return program([{ steps, flow: nodes, handlers: [handler] }])
}

describe('whatever the flow', () => {
  const home = useFolder()

  it('a check tells exactly what an apply does, twice', async function () {
    this.timeout(60_000)
    await fc.assert(
      fc.asyncProperty(flow, async (plan) => {
        const folder = mkdtempSync(path.join(home.path, 'flow-'))
        const what = build(plan, folder)
        for (let times = 0; times < 2; times++) {
          const [checked, applied] = [await run(what, 'check'), await run(what)]
          assert.deepEqual(checked.steps, applied.steps)
          assert.deepEqual(checked.changes, applied.changes)
        }
        rmSync(folder, { recursive: true })
      }),
      { numRuns: 12, seed: 1971 },
    )
  })
})
