import type { Json } from './json.ts'
import type { Place } from './place.ts'

/** How sure a check is: seen on the host, predicted from a planned change, or after an opaque one. */
export type Certainty = 'observed' | 'predicted' | 'provisional'

/** `unknown`: a check can't tell before an earlier step has been applied. */
export type StepStatus = 'ok' | 'changed' | 'skipped' | 'failed' | 'unknown'

/** One use of a task, as events name it. `number` counts from 1 within the play; handlers go on from there. */
export interface StepName {
  play: number
  number: number
  name: string
  task: string
  handler?: true
  /** It must hold before the next batch of hosts begins. */
  gate?: true
  /** The item's label when the step loops; with those of the looping blocks around it. */
  item?: string
  /** The host that it runs on in place of the one it is for. */
  delegate?: string
}

export interface ShownChange {
  summary: string
  /** Unified diff. */
  diff?: string
  opaque?: true
  repeats?: true
}

/** An error made fit to be shown: masked, without a stack. */
export interface Failure {
  kind: 'connect' | 'command' | 'task' | 'bug' | 'interrupted'
  message: string
  hint?: string
  place?: Place
  command?: string
  code?: number
  /** Last lines of standard error. */
  stderr?: string
  stack?: string
}

export interface PlayName {
  name: string
  hosts: string[]
  /** Steps without handlers. */
  steps: number
}

/** What became of a host in a play; `stopped`: nothing failed on it, but the run went no further. */
export type HostEnd = 'done' | 'failed' | 'unreachable' | 'interrupted' | 'stopped'

/**
 * Everything that happens in a run, in order. `at` is milliseconds since the epoch, `ms` a duration.
 * Renderers, the journal and the report only fold these.
 */
export type RunEvent = { at: number } & (
  | {
      type: 'run-start'
      run: string
      mode: 'apply' | 'check'
      playbook: string
      plays: PlayName[]
      lab?: string
    }
  | { type: 'notice'; message: string }
  | { type: 'play-start'; play: number; name: string; hosts: string[] }
  | { type: 'play-end'; play: number }
  /** Only of a play that works on its hosts in several batches; they count from 1. */
  | { type: 'batch-start'; play: number; batch: number; batches: number; hosts: string[] }
  /** The run goes no further; `hosts` are those that it has not touched. */
  | { type: 'run-stopped'; play: number; message: string; hosts: string[] }
  | { type: 'host-connecting'; host: string; attempt: number }
  | { type: 'host-connected'; host: string; ms: number }
  | { type: 'host-unreachable'; host: string; failure: Failure }
  | { type: 'host-retry'; host: string; attempt: number; failure: Failure; waitMs: number }
  | { type: 'step-start'; host: string; step: StepName }
  | { type: 'step-output'; host: string; step: StepName; stream: 'stdout' | 'stderr'; text: string }
  | { type: 'step-progress'; host: string; step: StepName; message: string }
  | {
      type: 'step-end'
      host: string
      step: StepName
      status: StepStatus
      certainty: Certainty
      changes: ShownChange[]
      result?: Record<string, Json>
      /** Why it was skipped, is unknown, or what a debug step says. */
      message?: string
      failure?: Failure
      /** A failure that is none of the host: passed over, or made up for by a rescue. */
      handled?: 'ignored' | 'rescued'
      /** How often it was tried; absent when once. */
      tries?: number
      ms: number
    }
  | {
      type: 'host-end'
      host: string
      play: number
      state: HostEnd
      /** Names of handlers that were notified and have not run. */
      pending?: string[]
    }
  | { type: 'run-end'; run: string; exitCode: number; ms: number; roundTrips: Record<string, number> }
)
