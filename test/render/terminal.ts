import { EventEmitter } from 'node:events'
import type { Clock } from '../../src/render/renderer.ts'
import { width } from '../../src/render/text.ts'

// An escape sequence, a line end, or text.
// oxlint-disable-next-line no-control-regex
const parts = /\x1b\[\??[\d;]*[A-Za-z]|\n|\r|[^\x1b\n\r]+/g

/** A terminal small enough to be read: it knows the few sequences the live view sends, and refuses others. */
export class FakeTerminal extends EventEmitter {
  isTTY = true
  columns: number
  rows: number
  cursorShown = true
  writes = 0
  characters = 0
  /** Lines scrolled away and on the screen, without colours. */
  lines: string[] = ['']
  private row = 0
  private atStart = true

  constructor(columns = 80, rows = 24) {
    super()
    this.columns = columns
    this.rows = rows
  }

  write(text: string): boolean {
    this.writes++
    this.characters += text.length
    for (const [part] of text.matchAll(parts)) this.take(part)
    return true
  }

  /** What a user sees now, without blank lines at the end. */
  screen(): string[] {
    const seen = this.lines.slice(this.top())
    while (seen.at(-1) === '') seen.pop()
    return seen
  }

  private top(): number {
    return Math.max(0, this.lines.length - this.rows)
  }

  private take(part: string): void {
    if (part === '\n') this.newLine()
    else if (part === '\r') this.atStart = true
    else if (part === '\x1b[2K') this.lines[this.row] = ''
    else if (part === '\x1b[?25l' || part === '\x1b[?25h') this.cursorShown = part.endsWith('h')
    else if (/^\[\d+A$/.test(part.slice(1)))
      this.row = Math.max(this.top(), this.row - Number.parseInt(part.slice(2), 10))
    else if (/^\[(\d*m|\?2026[hl])$/.test(part.slice(1))) return
    else if (part.startsWith('\x1b')) throw new Error(`the terminal does not know ${JSON.stringify(part)}`)
    else this.print(part)
  }

  private newLine(): void {
    this.row++
    this.atStart = true
    if (this.row === this.lines.length) this.lines.push('')
  }

  private print(text: string): void {
    const line = (this.atStart ? '' : this.lines[this.row]!) + text
    // Written over from the start: what was there and is longer would shine through.
    const old = this.atStart ? this.lines[this.row]! : ''
    this.lines[this.row] = width(old) > width(line) ? line + old.slice(line.length) : line
    this.atStart = false
  }
}

/** A clock that only moves when told to. */
export class FakeClock implements Clock {
  time: number
  private timers: { ms: number; due: number; call: () => void }[] = []

  constructor(time: number) {
    this.time = time
  }

  now = (): number => this.time

  every(ms: number, call: () => void): () => void {
    const timer = { ms, due: this.time + ms, call }
    this.timers.push(timer)
    return () => (this.timers = this.timers.filter((one) => one !== timer))
  }

  advance(to: number): void {
    for (;;) {
      const next = this.timers.filter((one) => one.due <= to).sort((a, b) => a.due - b.due)[0]
      if (!next) break
      this.time = next.due
      next.due += next.ms
      next.call()
    }
    this.time = to
  }
}
