import { Listr, type ListrRenderer, type ListrRendererFactory, ProcessOutput } from 'listr2'
import type { RunEvent } from '../core/event.ts'
import { addActivity } from './activity.ts'
import { frame, type View } from './frame.ts'
import { eventLines, isNews } from './lines.ts'
import { playLine } from './playline.ts'
import { type Clock, type Look, type Renderer, systemClock } from './renderer.ts'
import { addEvent, emptyReport } from './report.ts'
import { Screen, type Size } from './screen.ts'

/** At most ten frames a second, in milliseconds. */
const frameTime = 100

/** Where the rows are drawn: process.stdout and process.stderr, or stand-ins for them. */
export interface Terminal {
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
}

/** Rows of hosts at the end of the terminal; what must not be lost scrolls away above them. */
class Board {
  private readonly view: View = { report: emptyReport(), activities: new Map(), play: -1, hosts: [] }
  private readonly screen: Screen
  private readonly output: ProcessOutput
  private readonly terminal: Terminal
  private readonly look: Look
  private readonly clock: Clock
  private above: string[] = []
  /** What others wrote to the terminal meanwhile: warnings, a question for a passphrase. */
  private overheard = ''
  private dirty = true
  private drawnSecond = 0
  private stopClock: (() => void) | undefined

  constructor(terminal: Terminal, look: Look, clock: Clock) {
    this.terminal = terminal
    this.look = look
    this.clock = clock
    // It hides the cursor, and gives it and the streams back at the end.
    this.output = new ProcessOutput(terminal.stdout, terminal.stderr)
    this.screen = new Screen(
      (text) => this.output.toStdout(text, false),
      () => this.size(),
    )
  }

  start(): void {
    this.output.hijack()
    // listr2 would hold back till the end what others write; a question has to be seen at once.
    for (const stream of [this.terminal.stdout, this.terminal.stderr]) stream.write = this.overhear
    this.terminal.stdout.on('resize', this.redraw)
    process.on('SIGCONT', this.redraw)
    process.on('exit', this.stop)
    this.stopClock = this.clock.every(frameTime, () => this.tick())
    this.draw()
  }

  /** Gives the terminal back as it was. Safe to call twice, and from an exit handler. */
  readonly stop = (): void => {
    if (!this.stopClock) return
    this.stopClock()
    this.stopClock = undefined
    this.terminal.stdout.off('resize', this.redraw)
    process.off('SIGCONT', this.redraw)
    process.off('exit', this.stop)
    this.screen.draw([], this.takeAbove())
    this.output.release()
  }

  event(event: RunEvent): void {
    const { view } = this
    addEvent(view.report, event)
    addActivity(view.activities, event)
    if (event.type === 'play-start')
      Object.assign(view, { play: event.play, hosts: event.hosts, batch: undefined })
    if (event.type === 'batch-start') view.batch = `batch ${event.batch}/${event.batches}`
    if (event.type === 'play-end')
      this.above.push(playLine(view.report, event.play, this.size().columns - 1, this.look.colours))
    else if (isNews(event, this.look)) this.above.push(...eventLines(event, view.report, this.look))
    this.dirty = true
  }

  private readonly redraw = (): void => {
    this.screen.forget()
    this.draw()
  }

  private tick(): void {
    const second = Math.floor(this.clock.now() / 1000)
    if (this.dirty || second !== this.drawnSecond) this.draw()
  }

  private draw(): void {
    const now = this.clock.now()
    this.screen.draw(frame(this.view, this.size(), now, this.look.colours), this.takeAbove())
    this.dirty = false
    this.drawnSecond = Math.floor(now / 1000)
  }

  private takeAbove(): string[] {
    const overheard = this.overheard === '' ? [] : this.overheard.replace(/\n$/, '').split('\n')
    this.overheard = ''
    return [...this.above.splice(0), ...overheard]
  }

  private readonly overhear = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    this.overheard += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    this.dirty = true
    const written = rest.at(-1)
    if (typeof written === 'function') written()
    return true
  }

  private size(): Size {
    const { columns, rows } = this.terminal.stdout
    return { columns: columns || 80, rows: rows || 24 }
  }
}

/** What listr2 draws with. Its default renderer costs seconds of processor time for 15 hosts, this one next to nothing. */
class HostRows implements ListrRenderer {
  static nonTTY = true
  static rendererOptions: Record<string, unknown> = {}
  static rendererTaskOptions: Record<string, unknown> = {}
  private readonly board: Board

  constructor(_tasks: unknown, options: Record<PropertyKey, any>) {
    this.board = options.board
  }

  render(): void {
    this.board.start()
  }

  end(): void {
    this.board.stop()
  }
}

/** A live view for a terminal. To listr2 the run is one task that ends with `close`; hosts and failures are none of its business. */
export function createLive(terminal: Terminal, look: Look, clock: Clock = systemClock): Renderer {
  const board = new Board(terminal, look, clock)
  let finish: () => void
  const finished = new Promise<void>((resolve) => (finish = resolve))
  const list = new Listr([{ title: 'run', task: () => finished }], {
    renderer: HostRows as unknown as ListrRendererFactory,
    rendererOptions: { board },
    // listr2's own handler ends the process with code 127 at once.
    registerSignalListeners: false,
  })
  const drawn = list.run()
  return {
    event: (event) => board.event(event),
    async close() {
      finish()
      await drawn
    },
  }
}
