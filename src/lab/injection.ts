import type { LabNode } from './nodes.ts'
import type { LabPlaces } from './places.ts'
import type { LabRecord } from './record.ts'

/** A fault that is about to befall a node. */
export interface Injection {
  lab: LabPlaces
  node: LabNode
  record: LabRecord
  /** What follows the fault's name on the command line. */
  argument: string | undefined
  /** Tells what was done. */
  say: (text: string) => void
}
