import { width } from './text.ts'

export interface Size {
  columns: number
  rows: number
}

// A terminal that knows synchronized output shows a frame at once; others ignore these two.
const beginFrame = '\x1b[?2026h'
const endFrame = '\x1b[?2026l'
const clearBelow = '\x1b[J'
const clearLine = '\x1b[2K'

/** The last lines of a terminal, redrawn in place; only lines that differ are written again. */
export class Screen {
  private shown: string[] = []
  private forgotten = true
  private drawnAt: Size = { columns: 0, rows: 0 }
  private readonly write: (text: string) => void
  private readonly size: () => Size

  constructor(write: (text: string) => void, size: () => Size) {
    this.write = write
    this.size = size
  }

  /** Shows `lines`, each narrower than the terminal; `above` scrolls away over them and stays. */
  draw(lines: string[], above: string[] = []): void {
    const size = this.size()
    const afresh = above.length > 0 || this.forgotten || size.columns !== this.drawnAt.columns
    let frame = this.toTop(size.columns)
    if (afresh) frame += clearBelow + above.map((line) => `${line}\n`).join('')
    const before = afresh ? [] : this.shown
    const shrinks = lines.length < before.length
    frame += lines
      .map((line, at) =>
        line === before[at] && !(shrinks && at === lines.length - 1) ? '' : clearLine + line,
      )
      .join('\n')
    this.write(`${beginFrame}${frame}${shrinks ? clearBelow : ''}${endFrame}`)
    this.shown = lines
    this.drawnAt = size
    this.forgotten = false
  }

  /** Draws everything again next time: the terminal may have been resized, or used by others. */
  forget(): void {
    this.forgotten = true
  }

  /** A terminal made narrower has wrapped what was drawn, so that it now takes more rows. */
  private toTop(columns: number): string {
    const wrapped = columns < this.drawnAt.columns
    const rows = this.shown.reduce((sum, line) => sum + (wrapped ? rowsOf(line, columns) : 1), 0)
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r'
  }
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(width(line) / columns))
}
