import type { Connector } from '../connect/connection.ts'
import type { Redactor } from '../base/redact.ts'
import type { Block, Program } from '../load/program.ts'
import type { Session } from './session.ts'
import type { Emit } from './stream.ts'
import type { Values } from './values.ts'
import type { Waits } from './waits.ts'

export interface RunOptions {
  mode: 'apply' | 'check'
  connector: Connector
  redactor: Redactor
  /** Hosts worked on at the same time. */
  forks: number
  signal: AbortSignal
  /** Who runs this, in words for whoever finds the lock taken. */
  owner: string
  /** Said at the start, e.g. that Kubernetes is simulated. */
  notices?: string[]
  /** Name of the lab the run happens in. */
  lab?: string
}

/** What all hosts of a run share. */
export interface RunContext extends RunOptions {
  program: Program
  emit: Emit
  values: Values
  /** The session of a host, also of one that the run does not target and only reads. */
  session(host: string): Session
  waits: Waits
  /** Counts changes on all hosts; what was observed before one counts no more after the play. */
  changes: number
  /** Whether plays or batches that are over have changed anything. */
  changedBefore: boolean
  /** `PLAY HOST` of each host that has ended a play. */
  ended: Set<string>
  /** `PLAY HOST` of each host that a gate does not hold on. */
  gated: Set<string>
  /** Why the run goes no further on any host. */
  halted?: string
  /** Blocks that an interruption has cut short. */
  unfinished: Set<Block>
}
