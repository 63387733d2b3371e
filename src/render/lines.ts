import type { Certainty, Failure, RunEvent, ShownChange, StepName } from '../core/event.ts'
import { UNTOLD } from '../run/outcome.ts'
import { failureDetails } from './failure.ts'
import { patchLines } from './patch.ts'
import type { Look } from './renderer.ts'
import { failureOf, type RunReport, type ShownFailure, type StepEnd } from './report.ts'
import { count, duration, hostRange, printable, printableLines } from './text.ts'

/** What an event says, as lines for a log; none for what doesn't matter. `report` is the run up to this event. */
export function eventLines(event: RunEvent, report: RunReport, look: Look): string[] {
  if (event.type === 'run-start') return [look.colours.bold(runTitle(event))]
  if (event.type === 'play-start') return [look.colours.bold(playTitle(event, report))]
  if (event.type === 'batch-start') return [look.colours.bold(batchTitle(event))]
  if (event.type === 'run-stopped') return [look.colours.red(stopText(event))]
  if (event.type === 'notice') return printableLines(event.message)
  if (event.type === 'host-retry')
    return [onHost(event.host, look.colours.yellow(printable(retryText(event))))]
  if (event.type === 'host-connected' && look.verbose)
    return [onHost(event.host, look.colours.dim(`connected in ${duration(event.ms)}`))]
  if (event.type === 'host-unreachable')
    return failureLines(
      event.host,
      `${lostLabel(event.failure)}: ${withoutHost(event.host, event.failure.message)}`,
      event.failure,
      look,
    )
  return event.type === 'step-end' ? stepLines(event, report, look) : []
}

/** Whether a line for this event stays on the screen when hosts have rows of their own. */
export function isNews(event: RunEvent, look: Look): boolean {
  if (['notice', 'host-unreachable', 'run-stopped', 'batch-start'].includes(event.type)) return true
  if (event.type !== 'step-end') return false
  if (event.status === 'failed' || isSpoken(event)) return true
  return look.verbose === true || (look.diff === true && event.changes.some((change) => change.diff))
}

function runTitle(event: Extract<RunEvent, { type: 'run-start' }>): string {
  const hosts = new Set(event.plays.flatMap((play) => play.hosts)).size
  const what = `${printable(event.playbook)}: ${count(event.plays.length, 'play')}, ${count(hosts, 'host')}`
  const lab = event.lab === undefined ? '' : ', in the lab'
  return event.mode === 'check' ? `${what}${lab}, check only: nothing is changed` : `${what}${lab}`
}

function playTitle(event: Extract<RunEvent, { type: 'play-start' }>, report: RunReport): string {
  return `PLAY ${event.play + 1}/${report.plays.length} ${printable(event.name)} (${count(event.hosts.length, 'host')})`
}

function batchTitle({ batch, batches, hosts }: Extract<RunEvent, { type: 'batch-start' }>): string {
  return `BATCH ${batch}/${batches} (${hostRange(hosts)})`
}

/** Why a run went no further, and what it has left untouched. */
export function stopText({ message, hosts }: { message: string; hosts: string[] }): string {
  return printable(`STOPPED: ${message}${hosts.length > 0 ? `; not touched: ${hostRange(hosts)}` : ''}`)
}

export function retryText(event: Extract<RunEvent, { type: 'host-retry' }>): string {
  const message = withoutHost(event.host, event.failure.message)
  return `attempt ${event.attempt} failed: ${message}; trying again in ${duration(event.waitMs)}`
}

/** "4/12 Install packages", with the item of a loop; handlers and gates have no place in the count. */
export function stepText(step: StepName, report: RunReport): string {
  return `${stepNumber(step, report)} ${stepLabel(step)}`
}

/** "Install packages (docker) on rpi01" */
export function stepLabel({ name, item, delegate }: StepName): string {
  const where = delegate === undefined ? '' : ` on ${delegate}`
  return printable(`${name}${item === undefined ? '' : ` (${item})`}${where}`)
}

export function stepNumber(step: StepName, report: RunReport): string {
  if (step.gate) return 'gate'
  return step.handler ? 'handler' : `${step.number}/${report.plays[step.play]?.steps || '?'}`
}

function stepLines(event: StepEnd, report: RunReport, look: Look): string[] {
  const { host, step, status, message } = event
  if (event.failure?.kind === 'interrupted')
    return [onHost(host, look.colours.yellow(`interrupted: ${stepText(step, report)}`))]
  if (event.handled !== undefined) return handledStep(event, report, look)
  if (status === 'failed') return failedStep(event, report, look)
  if (status === 'changed') return changedStep(event, report, look)
  if (isSpoken(event)) return printableLines(message!).map((line) => onHost(host, line))
  if (status === 'unknown') return [onHost(host, look.colours.yellow(unknownText(step, message)))]
  return look.verbose
    ? [
        onHost(
          host,
          look.colours.dim(`${status}: ${stepText(step, report)}${reason(message)}${triesText(event)}`),
        ),
      ]
    : []
}

/** A failure that is none of the host takes one line: what became of it is what matters. */
function handledStep(event: StepEnd, report: RunReport, look: Look): string[] {
  const { message } = failureOf(event)
  const text = `failed, ${event.handled}: ${stepText(event.step, report)}: ${message}`
  const [first = '', ...rest] = printableLines(text + triesText(event))
  return [first, ...(look.verbose ? rest : [])].map((line) => onHost(event.host, look.colours.yellow(line)))
}

function triesText({ tries }: StepEnd): string {
  return tries === undefined ? '' : ` (after ${tries} tries)`
}

/** A step that was ok and has something to say, such as a debug step. */
function isSpoken(event: StepEnd): boolean {
  return event.status === 'ok' && event.message !== undefined
}

/** What a check says of a step it can't foresee. */
export function unknownText(step: StepName, message: string | undefined): string {
  const more = message?.replace(UNTOLD, '').replace(/^ ?\((.*)\)$/s, '$1')
  return `unknown until applied: ${printable(step.name)}${reason(more || undefined)}`
}

function reason(message: string | undefined): string {
  return message === undefined ? '' : ` (${printable(message)})`
}

function changedStep(event: StepEnd, report: RunReport, look: Look): string[] {
  const { host, step, certainty, changes } = event
  const verb = report.mode === 'check' ? 'would change' : 'changed'
  const where = step.delegate === undefined ? '' : ` on ${step.delegate}`
  const head = (text: string) =>
    onHost(host, `${look.colours.yellow(`${verb}${where}:`)} ${printable(text)}${triesText(event)}`)
  if (changes.length === 0) return [head(stepText(step, report))]
  return changes.flatMap((change) => [
    head(changeText(change, certainty, step)),
    ...diffOf(change, host, look),
  ])
}

function diffOf({ diff }: ShownChange, host: string, look: Look): string[] {
  return look.diff && diff ? patchLines(diff, look.colours).map((line) => onHost(host, `  ${line}`)) : []
}

/** A change's summary with what must be known to trust it; a handler runs only when it was notified. */
export function changeText(
  change: Pick<ShownChange, 'summary' | 'repeats'>,
  certainty: Certainty,
  { handler }: StepName,
): string {
  const often = handler ? 'handler' : change.repeats && 'runs every time'
  const notes = [certainty === 'provisional' && 'provisional', often].filter(Boolean)
  return notes.length === 0 ? change.summary : `${change.summary} [${notes.join(', ')}]`
}

function failedStep(event: StepEnd, report: RunReport, look: Look): string[] {
  const failure = failureOf(event)
  const headline = `FAILED ${stepText(event.step, report)}: ${failure.message}${triesText(event)}`
  return failureLines(event.host, headline, failure, look)
}

/** A host can also be lost before its first step because someone else holds its lock. */
export function lostLabel(failure: Failure): string {
  return failure.kind === 'connect' ? 'UNREACHABLE' : 'FAILED'
}

function failureLines(host: string, headline: string, failure: ShownFailure, { colours }: Look): string[] {
  const [first = '', ...rest] = printableLines(headline)
  return [
    onHost(host, colours.bold(colours.red(first))),
    ...[...rest.map(colours.red), ...failureDetails(failure, colours)].map((line) =>
      onHost(host, `  ${line}`),
    ),
  ]
}

/** Connections name their host in what they say; beside the host's name it would stand there twice. */
export function withoutHost(host: string, message: string): string {
  return message.startsWith(`${host}: `) ? message.slice(host.length + 2) : message
}

/** Every line names its host, so that a log can be searched by host. `text` is printable. */
export function onHost(host: string, text: string): string {
  return `[${host}] ${text}`
}
