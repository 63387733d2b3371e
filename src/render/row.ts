import type { Activity, ActivityState } from './activity.ts'
import type { Colours } from './colour.ts'
import { stepLabel, stepNumber } from './lines.ts'
import type { RunReport } from './report.ts'
import { clip, duration, elapsed, padEnd, padStart, width } from './text.ts'

/** A step that says nothing for so long is shown to be silent, in milliseconds. */
const silence = 5000
const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const widestHost = 20
/** Below this many columns the counts give way to the step. */
const narrow = 60

/** Columns: who, what is going on, and numbers at the right. */
export interface Layout {
  host: number
  number: number
  middle: number
  counts: boolean
}

/** Columns for the hosts of a play with so many steps. */
export function layOut(hosts: string[], steps: number, columns: number): Layout {
  const host = Math.min(widestHost, Math.max(4, ...hosts.map(width)))
  const number = Math.max(4, 2 * String(steps).length + 1)
  const counts = columns >= narrow
  return { host, number, counts, middle: columns - 2 - host - 2 - number - 1 - (counts ? 13 : 0) - 7 }
}

export function titleLine({ host, number, middle, counts }: Layout): string {
  const numbers = counts ? '  ok chg fail' : ''
  return `  ${padEnd('host', host)}  ${padEnd('', number)} ${padEnd('step', middle)}${numbers}${padStart('time', 7)}`
}

export function hostLine(
  activity: Activity,
  report: RunReport,
  layout: Layout,
  now: number,
  colours: Colours,
): string {
  const glyph = glyphOf(activity, now, colours)
  const name = padEnd(clip(activity.host, layout.host), layout.host)
  const number = activity.step ? stepNumber(activity.step, report) : ''
  const short = activity.step?.handler ? '+' : activity.step?.gate ? '?' : number
  const time = isActive(activity) ? elapsed(now - activity.since) : ''
  return [
    `${glyph} ${isActive(activity) ? colours.bold(name) : name}  ${colours.dim(padStart(short, layout.number))} `,
    middle(activity, layout.middle, now, colours),
    layout.counts ? counts(activity.host, report, colours) : '',
    colours.dim(padStart(time, 7)),
  ].join('')
}

function counts(host: string, report: RunReport, colours: Colours): string {
  const { ok = 0, changed = 0, failed = 0 } = report.hosts[host] ?? {}
  const cell = (n: number, columns: number, paint: (text: string) => string) =>
    (n > 0 ? paint : colours.dim)(padStart(String(n), columns))
  return cell(ok, 4, colours.green) + cell(changed, 4, colours.yellow) + cell(failed, 5, colours.red)
}

export function isActive({ state }: Activity): boolean {
  return state === 'connecting' || state === 'looking' || state === 'running'
}

/** It turns when something is heard of the host, and once a second; it stands still when a step is silent. */
function glyphOf(activity: Activity, now: number, colours: Colours): string {
  if (activity.state === 'done') return colours.green('✔')
  if (activity.state === 'waiting') return colours.dim('·')
  if (!isActive(activity)) return isCut(activity) ? colours.yellow('■') : colours.red('✖')
  if (isSilent(activity, now)) return colours.yellow('⠿')
  return colours.cyan(spinner[(activity.signs + Math.floor((now - activity.since) / 1000)) % spinner.length]!)
}

function isCut({ state }: Activity): boolean {
  return state === 'interrupted' || state === 'stopped'
}

function isSilent(activity: Activity, now: number): boolean {
  return activity.state !== 'connecting' && isActive(activity) && now - activity.heard >= silence
}

/** The step, then "silent for 12 s", then the tail of its output, as far as there is room. */
function middle(activity: Activity, columns: number, now: number, colours: Colours): string {
  const silent = isSilent(activity, now)
    ? `  silent for ${duration(Math.floor((now - activity.heard) / 1000) * 1000)}`
    : ''
  const tail = activity.tail === '' ? '' : `  ${activity.tail}`
  const beside = Math.min(width(silent) + width(tail), Math.max(width(silent), Math.floor(columns * 0.4)))
  const what = clip(stateText(activity), columns - beside)
  const left = columns - width(what) - width(silent)
  const last = left >= 8 ? clip(tail, left) : ''
  const space = ' '.repeat(Math.max(0, left - width(last)))
  return `${paintState(activity, colours)(what)}${colours.yellow(silent)}${colours.dim(last)}${space}`
}

const stateTexts: Record<ActivityState, string> = {
  running: 'running',
  waiting: 'waiting',
  connecting: 'connecting',
  looking: 'looking at the host',
  done: 'done',
  failed: 'failed',
  unreachable: 'unreachable',
  interrupted: 'interrupted',
  stopped: 'stopped',
}

function stateText({ state, step }: Activity): string {
  if (!step) return stateTexts[state]
  const name = stepLabel(step)
  return state === 'running' ? name : `${stateTexts[state]}: ${name}`
}

function paintState({ state }: Activity, colours: Colours): (text: string) => string {
  if (state === 'failed' || state === 'unreachable') return colours.red
  return state === 'running' ? String : colours.dim
}
