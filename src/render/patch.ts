import type { Colours } from './colour.ts'
import { printableLines } from './text.ts'

/** The lines of a unified diff, coloured by what they do. */
export function patchLines(diff: string, colours: Colours): string[] {
  return printableLines(diff).map((line) => paint(line, colours))
}

function paint(line: string, colours: Colours): string {
  if (/^(---|\+\+\+|===|Index: )/.test(line)) return colours.bold(line)
  if (line.startsWith('@@')) return colours.cyan(line)
  if (line.startsWith('+')) return colours.green(line)
  if (line.startsWith('-')) return colours.red(line)
  return line.startsWith('\\') ? colours.dim(line) : line
}
