import type { Activities, Activity, ActivityState } from './activity.ts'
import type { Colours } from './colour.ts'
import type { RunReport } from './report.ts'
import { hostLine, isActive, layOut, titleLine } from './row.ts'
import type { Size } from './screen.ts'
import { clip, count, elapsed, hostRange, padEnd, printable, width } from './text.ts'

/** All that the rows show. `play` counts from 0 and is -1 before the first; `hosts` are that play's. */
export interface View {
  report: RunReport
  activities: Activities
  play: number
  hosts: string[]
  /** "batch 2/4", in a play that has several. */
  batch?: string
}

/** One line per host, with as many lines as fit into the terminal; hosts at rest fold into one line if they must. */
export function frame(view: View, size: Size, now: number, colours: Colours): string[] {
  const columns = size.columns - 1
  const head = headLine(view, columns, now, colours)
  const rows = view.hosts.flatMap((host) => view.activities.get(host) ?? [])
  const room = size.rows - 5
  if (rows.length === 0 || room < 1) return [head]
  const layout = layOut(view.hosts, view.report.plays[view.play]?.steps ?? 0, columns)
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

function headLine(
  { report, play, hosts, batch }: View,
  columns: number,
  now: number,
  colours: Colours,
): string {
  const right = [
    batch,
    report.mode === 'check' && 'check only',
    report.lab !== undefined && 'lab',
    // Before its first event a run has no beginning yet.
    elapsed(report.at === 0 ? 0 : now - report.at),
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

const folding: [ActivityState, string][] = [
  ['done', '✔'],
  ['waiting', '·'],
  ['failed', '✖'],
  ['unreachable', '✖'],
  ['interrupted', '■'],
  ['stopped', '■'],
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
