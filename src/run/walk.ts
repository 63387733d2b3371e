import type { HostEnd, StepName } from '../core/event.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Play } from '../load/program.ts'
import type { RunContext } from './context.ts'
import type { Once } from './once.ts'
import type { Session } from './session.ts'

/** One host on its way through a play. */
export interface Walk {
  session: Session
  play: Play
  run: RunContext
  once: Once
  /** Items of the looping blocks around, by their names. */
  outerItems: JsonObject
  /** A rescue makes up for a step that fails here. */
  rescued: boolean
  /** How often handlers have begun to run. */
  rounds: { handlers: number }
}

/** Why a host goes no further, and the step that failed, if one did. */
export interface Ended {
  state: Exclude<HostEnd, 'done'>
  failed?: { step: StepName; result: JsonObject }
}

/** What a step has come to on a host: what it makes known, and why the host goes no further, if it does not. */
export interface Ran {
  values: [string, Json][]
  /** It failed; also when that is passed over. */
  failed: boolean
  ended?: Ended
}
