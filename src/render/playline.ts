import type { Colours } from './colour.ts'
import type { HostState, PlayReport, RunReport } from './report.ts'
import { clip, count, elapsed, padEnd, padStart, printable, width } from './text.ts'

/** What remains of a play on the screen once it is over. */
export function playLine(report: RunReport, index: number, columns: number, colours: Colours): string {
  const play = report.plays[index]!
  const glyph = glyphOf(report, play, colours)
  const number = `${index + 1}/${report.plays.length}`
  const end = `${playCounts(report, play)}  ${padStart(elapsed(play.to - play.from), 6)}`
  const room = columns - 2 - width(number) - 1 - width(end) - 2
  return `${glyph} ${number} ${colours.bold(padEnd(clip(printable(play.name), room), room))} ${colours.dim(end)}`
}

function glyphOf(report: RunReport, play: PlayReport, colours: Colours): string {
  if (play.failed > 0 || hostsIn(report, play, 'unreachable', 'failed') > 0) return colours.red('✖')
  return hostsIn(report, play, 'interrupted', 'stopped') > 0 ? colours.yellow('■') : colours.green('✔')
}

function hostsIn(report: RunReport, play: PlayReport, ...states: HostState[]): number {
  return play.hosts.filter((host) => states.includes(report.hosts[host]?.state ?? 'waiting')).length
}

function playCounts(report: RunReport, play: PlayReport): string {
  const parts: [number, string][] = [
    [play.changed, report.mode === 'check' ? 'would change' : 'changed'],
    [play.unknown, 'unknown'],
    [play.failed, 'failed'],
    [play.ignored, 'ignored'],
    [play.rescued, 'rescued'],
    [hostsIn(report, play, 'unreachable'), 'unreachable'],
    [hostsIn(report, play, 'stopped'), 'stopped'],
  ]
  const shown = parts.flatMap(([n, what]) => (n > 0 ? `${n} ${what}` : []))
  return `${count(play.hosts.length, 'host')}, ${shown.join(', ') || 'nothing to do'}`
}
