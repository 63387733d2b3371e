import type { BlockFact } from './block.ts'
import type { Machine } from './machine.ts'
import type { NodeRecord } from './noderecord.ts'

/** What the inventory says of the node, and what its owner has said. */
export interface Wish {
  host: string
  address: string
  device: string
  size?: string
  mount: string
  data: NodeRecord['data']
  /** The owner knows that what has only one copy is lost. */
  acceptLoss: boolean
  /** The owner has seen that the machine, which does not answer, has no power. */
  poweredOff: boolean
}

/** What was seen of the machine; null where it does not answer or was not looked at. */
export interface MachineView {
  machine: Machine
  block: BlockFact
}

export interface Refusal {
  message: string
  hint: string
}

export interface Verdict {
  /** Nothing is to be rebuilt. */
  healthy: boolean
  found: string[]
  steps: string[]
  kept: string[]
  lost: string[]
  refusals: Refusal[]
}
