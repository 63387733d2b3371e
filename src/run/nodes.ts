import type { FlowNode, Step } from '../load/program.ts'

/** All steps, those inside blocks and their rescues too. */
export function stepsIn(nodes: FlowNode[]): Step[] {
  return nodes.flatMap((node) => {
    if ('flush' in node) return []
    return 'body' in node ? stepsIn([...node.body, ...node.rescue, ...node.always]) : [node]
  })
}
