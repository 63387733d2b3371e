import type { Activities, Activity, ActivityState } from './activity.ts'
import type { Colours } from './colour.ts'
import { stepNumber } from './lines.ts'
import type { PlayReport, RunReport } from './report.ts'
import type { Size } from './screen.ts'
import { clip, count, duration, elapsed, hostRange, padEnd, padStart, printable, width } from './text.ts'

/** All that the rows show. `play` counts from 0 and is -1 before the first; `hosts` are that play's. */
export interface View {
  report: RunReport
  activities: Activities
  play: number
  hosts: string[]
}

/** A step that says nothing for so long is shown to be silent, in milliseconds. */
const silence = 5000
const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const widestHost = 20
/** Below this many columns the counts give way to the step. */
const narrow = 60

/** Columns: who, what is going on, and numbers at the right. */
interface Layout {
  host: number
  number: number
  middle: number
  counts: boolean
}

/** One line per host, with as many lines as fit into the terminal; hosts at rest fold into one line if they must. */
export function frame(view: View, size: Size, now: number, colours: Colours): string[] {
  const columns = size.columns - 1
  const head = headLine(view, columns, now, colours)
  const rows = view.hosts.flatMap((host) => view.activities.get(host) ?? [])
  const room = size.rows - 5
  if (rows.length === 0 || room < 1) return [head]
  const layout = layOut(view, columns)
  const { shown, folds } = fold(rows, room)
  return [
    '',
    head,
    colours.dim(titleLine(layout)),
    ...shown.map((activity) => hostLine(activity, view.report, layout, now, colours)),
    ...folds.map((text) => colours.dim(clip(text, columns))),
    colours.dim(clip(totals(rows), columns)),
  ]
}

function headLine({ report, play, hosts }: View, columns: number, now: number, colours: Colours): string {
  const right = [
    report.mode === 'check' && 'check only',
    report.lab !== undefined && 'lab',
    elapsed(now - report.at),
  ]
  const end = right.filter(Boolean).join(' · ')
  const name = report.plays[play]?.name
  const left =
    name === undefined
      ? 'starting'
      : `play ${play + 1}/${report.plays.length}  ${printable(name)}  (${count(hosts.length, 'host')})`
  const room = columns - width(end) - 2
  return `${colours.bold(padEnd(clip(left, room), room))}  ${clip(end, columns)}`
}

function layOut({ report, play, hosts }: View, columns: number): Layout {
  const host = Math.min(widestHost, Math.max(4, ...hosts.map(width)))
  const number = Math.max(4, 2 * String(report.plays[play]?.steps ?? '').length + 1)
  const counts = columns >= narrow
  return { host, number, counts, middle: columns - 2 - host - 2 - number - 1 - (counts ? 13 : 0) - 7 }
}

function titleLine({ host, number, middle, counts }: Layout): string {
  const numbers = counts ? '  ok chg fail' : ''
  return `  ${padEnd('host', host)}  ${padEnd('', number)} ${padEnd('step', middle)}${numbers}${padStart('time', 7)}`
}

function hostLine(
  activity: Activity,
  report: RunReport,
  layout: Layout,
  now: number,
  colours: Colours,
): string {
  const glyph = glyphOf(activity, now, colours)
  const name = padEnd(clip(activity.host, layout.host), layout.host)
  const number = activity.step ? stepNumber(activity.step, report) : ''
  const handler = number === 'handler' ? '+' : number
  const time = isActive(activity) ? elapsed(now - activity.since) : ''
  return [
    `${glyph} ${isActive(activity) ? colours.bold(name) : name}  ${colours.dim(padStart(handler, layout.number))} `,
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

function isActive({ state }: Activity): boolean {
  return state === 'connecting' || state === 'looking' || state === 'running'
}

/** It turns when something is heard of the host, and once a second; it stands still when a step is silent. */
function glyphOf(activity: Activity, now: number, colours: Colours): string {
  if (activity.state === 'done') return colours.green('✔')
  if (activity.state === 'waiting') return colours.dim('·')
  if (!isActive(activity)) return activity.state === 'interrupted' ? colours.yellow('■') : colours.red('✖')
  if (isSilent(activity, now)) return colours.yellow('⠿')
  return colours.cyan(spinner[(activity.signs + Math.floor((now - activity.since) / 1000)) % spinner.length]!)
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
}

function stateText({ state, step }: Activity): string {
  if (!step) return stateTexts[state]
  const name = printable(step.item === undefined ? step.name : `${step.name} (${step.item})`)
  return state === 'running' ? name : `${stateTexts[state]}: ${name}`
}

function paintState({ state }: Activity, colours: Colours): (text: string) => string {
  if (state === 'failed' || state === 'unreachable') return colours.red
  return state === 'running' ? String : colours.dim
}

const folding: [ActivityState, string][] = [
  ['done', '✔'],
  ['waiting', '·'],
  ['failed', '✖'],
  ['unreachable', '✖'],
  ['interrupted', '■'],
]

function fold(rows: Activity[], room: number): { shown: Activity[]; folds: string[] } {
  if (rows.length <= room) return { shown: rows, folds: [] }
  const active = rows.filter(isActive)
  const folds = folding.flatMap(([state, glyph]) => {
    const hosts = rows.filter((row) => row.state === state).map((row) => row.host)
    return hosts.length > 0 ? `${glyph} ${hosts.length} ${state}: ${hostRange(hosts)}` : []
  })
  const left = Math.max(0, room - folds.length)
  if (active.length <= left) return { shown: active, folds }
  const shown = active.slice(0, Math.max(0, left - 1))
  const more = active.slice(shown.length).map((row) => row.host)
  return { shown, folds: [`… ${more.length} more running: ${hostRange(more)}`, ...folds].slice(0, room) }
}

function totals(rows: Activity[]): string {
  const of = (state: ActivityState) => rows.filter((row) => row.state === state).length
  const parts: [number, string][] = [
    [rows.filter(isActive).length, 'running'],
    ...folding.map(([state]): [number, string] => [of(state), state]),
  ]
  return `  ${parts.flatMap(([n, state]) => (n > 0 ? `${n} ${state}` : [])).join(', ')}`
}

/** What remains of a play on the screen once it is over. */
export function playLine(report: RunReport, index: number, columns: number, colours: Colours): string {
  const play = report.plays[index]!
  const glyph = play.failed > 0 || lostHosts(report, play) > 0 ? colours.red('✖') : colours.green('✔')
  const number = `${index + 1}/${report.plays.length}`
  const end = `${playCounts(report, play)}  ${padStart(elapsed(play.to - play.from), 6)}`
  const room = columns - 2 - width(number) - 1 - width(end) - 2
  return `${glyph} ${number} ${colours.bold(padEnd(clip(printable(play.name), room), room))} ${colours.dim(end)}`
}

function lostHosts(report: RunReport, play: PlayReport): number {
  return play.hosts.filter((host) => report.hosts[host]?.state === 'unreachable').length
}

function playCounts(report: RunReport, play: PlayReport): string {
  const parts: [number, string][] = [
    [play.changed, report.mode === 'check' ? 'would change' : 'changed'],
    [play.unknown, 'unknown'],
    [play.failed, 'failed'],
    [lostHosts(report, play), 'unreachable'],
  ]
  const shown = parts.flatMap(([n, what]) => (n > 0 ? `${n} ${what}` : []))
  return `${count(play.hosts.length, 'host')}, ${shown.join(', ') || 'nothing to do'}`
}
