import { placeText } from '../core/place.ts'
import type { Colours } from './colour.ts'
import type { ShownFailure } from './report.ts'
import { count, printable, printableLines } from './text.ts'

const commandLines = 6
const stderrLines = 8

const signals: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
}

/** What an exit code means to a shell; undefined where only the command itself knows. */
function exitMeaning(code: number): string | undefined {
  if (code === 124) return 'timed out'
  if (code === 126) return 'found, but not executable'
  if (code === 127) return 'command not found'
  if (code === 137) return 'killed (SIGKILL): often out of memory'
  if (code > 128 && code <= 192) return `ended by ${signals[code - 128] ?? `signal ${code - 128}`}`
  return undefined
}

/** All that is known of a failure beside its message: command, exit code, last words, place, and what to do. */
export function failureDetails(failure: ShownFailure, colours: Colours): string[] {
  return [
    ...labelled('doing', failure.doing && printableLines(failure.doing), colours),
    ...labelled(
      'command',
      failure.command && shorten(printableLines(failure.command), commandLines),
      colours,
    ),
    ...labelled('exit code', failure.code !== undefined && [codeText(failure)], colours),
    ...labelled(
      'stderr',
      failure.stderr?.trim() && tail(printableLines(failure.stderr), stderrLines),
      colours,
    ),
    ...labelled('place', failure.place && [printable(placeText(failure.place))], colours),
    ...labelled('hint', failure.hint && printableLines(failure.hint), colours),
    ...labelled('stack', failure.stack && printableLines(failure.stack), colours),
  ]
}

function codeText({ code, message }: ShownFailure): string {
  const meaning = exitMeaning(code!)
  return meaning && !message.includes(meaning) ? `${code}: ${meaning}` : String(code)
}

function labelled(label: string, lines: string[] | false | '' | 0 | undefined, colours: Colours): string[] {
  return (lines || []).map((line, at) => `${at === 0 ? colours.dim(label.padEnd(9)) : ' '.repeat(9)} ${line}`)
}

function shorten(lines: string[], most: number): string[] {
  if (lines.length <= most + 1) return lines
  return [...lines.slice(0, most), `… ${count(lines.length - most, 'more line')}`]
}

function tail(lines: string[], most: number): string[] {
  if (lines.length <= most + 1) return lines
  return [`… ${count(lines.length - most, 'line')} before`, ...lines.slice(-most)]
}
