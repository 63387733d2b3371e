import type { WrittenBlock, WrittenNode } from './blocks.ts'
import type { WrittenStep } from './spot.ts'
import type { Block, FlowNode, Step } from '../program.ts'

export interface Flow {
  flow: FlowNode[]
  /** All of them, in order, numbered from 1. */
  steps: Step[]
}

/** Numbers the steps that are wanted and leaves the others out, and with them blocks that hold none. */
export function arrange(nodes: WrittenNode[], isWanted: (tags: string[]) => boolean): Flow {
  const steps: Step[] = []
  const number = (step: WrittenStep): Step => {
    steps.push({ ...step, number: steps.length + 1 })
    return steps.at(-1) as Step
  }
  const walk = (list: WrittenNode[]): FlowNode[] =>
    list.flatMap((node): FlowNode[] => {
      if ('body' in node) return blockOf(node)
      if (!isWanted(node.tags)) return []
      return 'flush' in node ? [{ flush: true }] : [number(node)]
    })
  const blockOf = ({ self, ...written }: WrittenBlock): Block[] => {
    const before = steps.length
    const [body, rescue, always] = [walk(written.body), walk(written.rescue), walk(written.always)]
    const first = steps[before]
    if (first === undefined) return []
    const { loop, loopVar, label } = written
    return [
      {
        loop,
        loopVar,
        label,
        body,
        rescue,
        always,
        first: { ...first, ...self, register: undefined, retry: undefined },
      },
    ]
  }
  return { flow: walk(nodes), steps }
}

/** Those after the steps. */
export function numberFrom(count: number, steps: WrittenStep[]): Step[] {
  return steps.map((step, index) => ({ ...step, number: count + index + 1 }))
}
