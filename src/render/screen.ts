import { width } from './text.ts'

export interface Size {
  columns: number
  rows: number
}

// A terminal that knows synchronized output shows a frame at once; others ignore these two.
const beginFrame = '\x1b[?2026h'
const endFrame = '\x1b[?2026l'
const clearLine = '\x1b[2K'

/** The last lines of a terminal, redrawn in place; only lines that differ are written again. */
export class Screen {
  private shown: string[] = []
  private forgotten = true
  /** Columns of the terminal when it was last drawn. */
  private drawnAt = 0
  private readonly write: (text: string) => void
  private readonly size: () => Size

  constructor(write: (text: string) => void, size: () => Size) {
    this.write = write
    this.size = size
  }

  /** Shows `lines`, each narrower than the terminal; `above` scrolls away over them and stays. */
  draw(lines: string[], above: string[] = []): void {
    const size = this.size()
    const { shown } = this
    const afresh =
      above.length > 0 || this.forgotten || size.columns !== this.drawnAt || lines.length < shown.length
    const start = afresh ? this.erased(size.columns) : upTo(shown.length)
    const kept = above.map((line) => `${line}\n`).join('')
    const changed = lines.map((line, at) => (!afresh && line === shown[at] ? '' : clearLine + line))
    this.write(`${beginFrame}${start}${kept}${changed.join('\n')}${endFrame}`)
    this.shown = lines
    this.drawnAt = size.columns
    this.forgotten = false
  }

  /** Draws everything again next time: the terminal may have been resized, or used by others. */
  forget(): void {
    this.forgotten = true
  }

  /**
   * Blanks what was drawn, row by row: some terminals keep what "clear below" takes from the top of the screen.
   * A terminal made narrower has wrapped the lines, so that they now take more rows.
   */
  private erased(columns: number): string {
    const wrapped = columns < this.drawnAt
    const rows = this.shown.reduce((sum, line) => sum + (wrapped ? rowsOf(line, columns) : 1), 0)
    return upTo(rows) + Array.from({ length: rows }, () => clearLine).join('\n') + upTo(rows)
  }
}

/** To the first of so many rows, from the last. */
function upTo(rows: number): string {
  return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r'
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(width(line) / columns))
}
