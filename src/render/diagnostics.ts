import { readFileSync } from 'node:fs'
import { type Diagnostic, placeText } from '../core/place.ts'
import type { Colours } from './colour.ts'
import { clip, count, printable, width } from './text.ts'

/**
 * Mistakes in the user's files, sorted by place, each with its source line and a hint; ends with their number.
 * Empty when there are none; no newline at the end.
 */
export function diagnosticsText(diagnostics: Diagnostic[], colours: Colours): string {
  if (diagnostics.length === 0) return ''
  const sources = new Map<string, string[]>()
  const blocks = [...diagnostics]
    .sort(byPlace)
    .map((one) => diagnosticLines(one, sources, colours).join('\n'))
  return [...blocks, closingLine(diagnostics, colours)].join('\n')
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (!a.place || !b.place) return Number(a.place !== undefined) - Number(b.place !== undefined)
  if (a.place.file !== b.place.file) return a.place.file < b.place.file ? -1 : 1
  return a.place.line - b.place.line || a.place.column - b.place.column
}

function diagnosticLines(one: Diagnostic, sources: Map<string, string[]>, colours: Colours): string[] {
  const paint = one.severity === 'error' ? colours.red : colours.yellow
  const where = one.place ? `${colours.bold(printable(placeText(one.place)))}: ` : ''
  const [first = '', ...rest] = one.message.split('\n').map(printable)
  return [
    `${where}${paint(colours.bold(`${one.severity}:`))} ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...excerpt(one, sources, colours, paint),
    ...(one.hint
      ? one.hint
          .split('\n')
          .map((line, at) => `${at === 0 ? colours.cyan('  hint: ') : '        '}${printable(line)}`)
      : []),
  ]
}

function excerpt(
  { place, secret }: Diagnostic,
  sources: Map<string, string[]>,
  colours: Colours,
  paint: (text: string) => string,
): string[] {
  const source = place && sourceLines(place.file, sources)[place.line - 1]
  if (!place || secret || source === undefined || source.trim() === '') return []
  const { line, column } = window(printable(source.slice(0, place.column - 1)), printable(source))
  const number = String(place.line).padStart(5)
  return [
    `${colours.dim(`${number} |`)} ${line}`,
    `${colours.dim(`${' '.repeat(number.length)} |`)} ${' '.repeat(column)}${paint('^')}`,
  ]
}

/** Columns of a source line that are shown, and of those before the mistake when the line is longer. */
const MOST_COLUMNS = 110
const MOST_BEFORE = 60

/** The part of a line around what stands behind `before`, and the column of that in it. */
function window(before: string, source: string): { line: string; column: number } {
  if (width(source) <= MOST_COLUMNS) return { line: source, column: width(before) }
  const cut = before.length > MOST_BEFORE ? before.length - MOST_BEFORE : 0
  const shown = cut === 0 ? source : `…${source.slice(cut)}`
  const column = width(cut === 0 ? before : `…${before.slice(cut)}`)
  return { line: clip(shown, MOST_COLUMNS), column }
}

/** A file that can't be read has no lines to show; the diagnostic itself says what is wrong with it. */
function sourceLines(file: string, sources: Map<string, string[]>): string[] {
  const known = sources.get(file)
  if (known) return known
  let lines: string[] = []
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {}
  sources.set(file, lines)
  return lines
}

function closingLine(diagnostics: Diagnostic[], colours: Colours): string {
  const errors = diagnostics.filter((one) => one.severity === 'error').length
  const warnings = diagnostics.length - errors
  const parts = [
    errors > 0 && colours.red(count(errors, 'error')),
    warnings > 0 && colours.yellow(count(warnings, 'warning')),
  ]
  const nothing = errors > 0 ? '; nothing was contacted' : ''
  return `${parts.filter(Boolean).join(', ')}${nothing}`
}
