import type { RunEvent, StepName } from '../core/event.ts'
import { retryText } from './lines.ts'
import { printable } from './text.ts'

export type ActivityState =
  | 'waiting'
  | 'connecting'
  | 'looking'
  | 'running'
  | 'done'
  | 'failed'
  | 'unreachable'
  | 'interrupted'
  | 'stopped'

/** What a host is doing now. Times are in milliseconds since the epoch. */
export interface Activity {
  host: string
  state: ActivityState
  /** When this state or step began. */
  since: number
  /** When something was last heard of it. */
  heard: number
  /** How often something was heard of it. */
  signs: number
  step?: StepName
  /** The last line of output, or words on the progress or the failure. */
  tail: string
  /** Output after the last newline. */
  unfinished: string
}

/** Longest unfinished line kept, in characters. */
const longestTail = 2000

export type Activities = Map<string, Activity>

/** Adds one event, in place. */
export function addActivity(all: Activities, event: RunEvent): void {
  if (event.type === 'play-start' || event.type === 'batch-start')
    for (const host of event.hosts) wait(all, host, event.at)
  if (!('host' in event)) return
  const activity = all.get(event.host) ?? begin(all, event.host, 'waiting', event.at)
  activity.heard = event.at
  activity.signs++
  fold(activity, event)
}

/** Hosts of later plays connect ahead of them, and may be at it still when their play starts. */
function wait(all: Activities, host: string, at: number): void {
  if (all.get(host)?.state !== 'connecting') begin(all, host, 'waiting', at)
}

function begin(all: Activities, host: string, state: ActivityState, at: number): Activity {
  const activity = { host, state, since: at, heard: at, signs: 0, tail: '', unfinished: '' }
  all.set(host, activity)
  return activity
}

function fold(activity: Activity, event: Extract<RunEvent, { host: string }>): void {
  if (event.type === 'step-output') say(activity, event.text)
  else if (event.type === 'step-progress') activity.tail = printable(event.message)
  else if (event.type === 'step-start') enter(activity, 'running', event.at, '', event.step)
  else if (event.type === 'host-connecting') {
    enter(activity, 'connecting', event.at, event.attempt > 1 ? `attempt ${event.attempt}` : '')
  } else if (event.type === 'host-retry') activity.tail = printable(retryText(event))
  else if (event.type === 'host-connected') enter(activity, 'looking', event.at)
  else if (event.type === 'host-unreachable') {
    const state = event.failure.kind === 'connect' ? 'unreachable' : 'failed'
    enter(activity, state, event.at, printable(event.failure.message))
  } else if (event.type === 'step-end' && event.failure && !event.handled)
    activity.tail = printable(event.failure.message)
  else if (event.type === 'host-end') finish(activity, event.state, event.at)
}

function enter(activity: Activity, state: ActivityState, at: number, tail = '', step?: StepName): void {
  Object.assign(activity, { state, since: at, tail, step, unfinished: '' })
}

function finish(activity: Activity, state: ActivityState, at: number): void {
  if (activity.state === 'unreachable') return
  // What failed stays in view; what went well has nothing more to say.
  if (state === 'done') enter(activity, state, at)
  else Object.assign(activity, { state, since: at })
}

function say(activity: Activity, text: string): void {
  const lines = (activity.unfinished + text).slice(-longestTail).split('\n')
  activity.unfinished = lines.pop()!
  const shown = [...lines, activity.unfinished].map(printable).findLast((line) => line.trim() !== '')
  if (shown !== undefined) activity.tail = shown.trim()
}
