import type {
  Certainty,
  Failure,
  HostEnd,
  PlayName,
  RunEvent,
  ShownChange,
  StepName,
  StepStatus,
} from '../core/event.ts'

export type HostState = 'waiting' | 'running' | HostEnd
type Handled = NonNullable<StepEnd['handled']>
export type StepEnd = Extract<RunEvent, { type: 'step-end' }>
/** `failed` without the failures that were handled. */
type Counts = Record<StepStatus | Handled, number>

export interface HostReport extends Counts {
  host: string
  state: HostState
  /** First and last sign of it, in milliseconds since the epoch; 0 before the first. */
  from: number
  to: number
}

export interface PlayReport extends PlayName, Counts {
  /** In milliseconds since the epoch; 0 while it has not begun or ended. */
  from: number
  to: number
}

export interface ShownFailure extends Failure {
  /** In the place of the command. */
  doing?: string
}

export interface FailureReport {
  host: string
  /** Absent when the host was unreachable. */
  step?: StepName
  failure: ShownFailure
}

interface ChangeReport {
  host: string
  step: StepName
  certainty: Certainty
  summary: string
  opaque?: true
  repeats?: true
}

/** What became of a run: plain data, the fold of its events. Diffs and output stay in the journal. */
export interface RunReport {
  run: string
  mode: 'apply' | 'check'
  playbook: string
  lab?: string
  /** In milliseconds since the epoch. */
  at: number
  ms: number
  /** Null while the run is under way, or when it was cut off. */
  exitCode: number | null
  plays: PlayReport[]
  hosts: Record<string, HostReport>
  changes: ChangeReport[]
  /** Steps a check can't foresee. */
  unknown: { host: string; step: StepName; message?: string }[]
  failures: FailureReport[]
  /** Failures that were none of their hosts. */
  handled: (FailureReport & { how: Handled })[]
  /** Handlers that were notified and have not run, because their host went no further. */
  pending: { host: string; handler: string }[]
  /** Why the run went no further, and the hosts that it has not touched. */
  stopped?: { play: number; message: string; hosts: string[] }
  notices: string[]
  /** Flights per host. */
  roundTrips: Record<string, number>
}

const noCounts = (): Counts => ({
  ok: 0,
  changed: 0,
  skipped: 0,
  failed: 0,
  unknown: 0,
  ignored: 0,
  rescued: 0,
})

export function emptyReport(): RunReport {
  return {
    run: '',
    mode: 'apply',
    playbook: '',
    at: 0,
    ms: 0,
    exitCode: null,
    plays: [],
    hosts: {},
    changes: [],
    unknown: [],
    failures: [],
    handled: [],
    pending: [],
    notices: [],
    roundTrips: {},
  }
}

export function foldRun(events: Iterable<RunEvent>): RunReport {
  const report = emptyReport()
  for (const event of events) addEvent(report, event)
  return report
}

/** Adds one event to a report, in place: copying it for each of 6000 events would cost more than the run. */
export function addEvent(report: RunReport, event: RunEvent): void {
  if ('host' in event) touch(report, event.host, event.at)
  if (event.type === 'run-start') startRun(report, event)
  else if (event.type === 'run-end') {
    Object.assign(report, { exitCode: event.exitCode, ms: event.ms, roundTrips: event.roundTrips })
  } else if (event.type === 'play-start') {
    Object.assign(playOf(report, event.play), { hosts: event.hosts, from: event.at })
  } else if (event.type === 'play-end') playOf(report, event.play).to = event.at
  else if (event.type === 'notice') report.notices.push(event.message)
  else if (event.type === 'step-end') endStep(report, event)
  else if (event.type === 'host-end') {
    endHost(report, event.host, event.state)
    for (const handler of event.pending ?? []) report.pending.push({ host: event.host, handler })
  } else if (event.type === 'run-stopped')
    report.stopped = { play: event.play, message: event.message, hosts: event.hosts }
  else if (event.type === 'host-unreachable') {
    report.failures.push({ host: event.host, failure: event.failure })
    // It may also be a lock that someone else holds; host-end says.
    if (event.failure.kind === 'connect') endHost(report, event.host, 'unreachable')
  }
  if (report.exitCode === null && report.at > 0) report.ms = event.at - report.at
}

function startRun(report: RunReport, event: Extract<RunEvent, { type: 'run-start' }>): void {
  const { run, mode, playbook, lab, at } = event
  Object.assign(report, { run, mode, playbook, lab, at })
  report.plays = event.plays.map((play) => ({ ...play, ...noCounts(), from: 0, to: 0 }))
  for (const host of event.plays.flatMap((play) => play.hosts)) report.hosts[host] ??= newHost(host)
}

function newHost(host: string): HostReport {
  return { host, state: 'waiting', ...noCounts(), from: 0, to: 0 }
}

function touch(report: RunReport, name: string, at: number): void {
  const host = (report.hosts[name] ??= newHost(name))
  if (host.from === 0) host.from = at
  host.to = at
  if (host.state === 'waiting' || host.state === 'done') host.state = 'running'
}

function endHost(report: RunReport, name: string, state: HostState): void {
  const host = report.hosts[name]!
  // A host that was lost in one play stays lost, whatever is said of it later.
  if (host.state === 'running') host.state = state
}

function endStep(report: RunReport, event: StepEnd): void {
  const { host, step, status, certainty, message, handled } = event
  if (event.failure?.kind === 'interrupted') return
  report.hosts[host]![handled ?? status]++
  playOf(report, step.play)[handled ?? status]++
  if (status === 'changed')
    for (const change of changesOf(event)) report.changes.push({ host, step, certainty, ...change })
  if (status === 'unknown') report.unknown.push({ host, step, message })
  if (status !== 'failed') return
  const one = { host, step, failure: failureOf(event) }
  if (handled === undefined) report.failures.push(one)
  else report.handled.push({ ...one, how: handled })
}

function changesOf({ changes, step }: StepEnd): Omit<ShownChange, 'diff'>[] {
  if (changes.length === 0) return [{ summary: step.name }]
  return changes.map(({ summary, opaque, repeats }) => ({ summary, opaque, repeats }))
}

/** A step's failure as it is shown: of a task's own script, which nobody wrote by hand, what it was to do. */
export function failureOf({ failure, message, step, changes }: StepEnd): ShownFailure {
  if (failure === undefined) return { kind: 'task', message: message ?? 'failed' }
  const { command, ...rest } = { ...failure, hint: failure.hint ?? rootHint(failure) }
  if (command === undefined || step.task === 'command' || isReadable(command)) return { ...rest, command }
  return { ...rest, doing: changes.map(({ summary }) => summary).join('; ') || undefined }
}

/** The commonest slip of a first playbook. */
function rootHint({ kind, message, stderr = '' }: Failure): string | undefined {
  const refused = /permission denied|operation not permitted|may not be read|are you root/i.test(
    message + stderr,
  )
  return refused && kind !== 'connect'
    ? "if it needs root: write 'become: true' in the play or the step"
    : undefined
}

/** One line that says by itself what it does. */
function isReadable(command: string): boolean {
  return command.length <= 100 && !command.includes('\n')
}

function playOf(report: RunReport, index: number): PlayReport {
  report.plays[index] ??= { name: `play ${index + 1}`, hosts: [], steps: 0, ...noCounts(), from: 0, to: 0 }
  return report.plays[index]
}
