import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { printedJson } from '../base/printed-json.ts'
import type { RunEvent } from '../core/event.ts'
import { EventLines } from './eventlines.ts'
import type { Renderer } from './renderer.ts'
import { addEvent, emptyReport } from './report.ts'

const runsKept = 50
const runDirectory = /^\d{8}T\d{6}Z-/

/**
 * Keeps every run in `root`/<UTC time>-<run id>/: events.ndjson, appended as things happen, and summary.json at
 * the end. A journal that can't be written says so once through `warn` and never stops a run.
 */
export class Journal implements Renderer {
  /** The run's directory; undefined before the run has started, or when it can't be written. */
  path: string | undefined
  /** Resolves when old runs are gone, which nobody need wait for. */
  tidied: Promise<void> = Promise.resolve()
  private file = -1
  private broken = false
  private readonly lines = new EventLines(() => this.guard(() => this.flush()))
  private readonly report = emptyReport()
  private readonly root: string
  private readonly warn: (message: string) => void

  constructor(root: string, warn: (message: string) => void) {
    this.root = root
    this.warn = warn
  }

  event(event: RunEvent): void {
    addEvent(this.report, event)
    this.guard(() => this.write(event))
  }

  /** Also after a run that was cut off: summary.json then has no exit code. */
  close(): void {
    this.guard(() => this.flush())
    if (this.file < 0) return
    this.guard(() =>
      writeFileSync(join(this.path!, 'summary.json'), `${printedJson(this.report, 2)}\n`, {
        mode: 0o600,
      }),
    )
    if (this.file >= 0) closeSync(this.file)
    this.file = -1
  }

  private write(event: RunEvent): void {
    if (event.type === 'run-start') this.open(event.at, event.run)
    this.lines.add(event)
  }

  private flush(): void {
    if (this.file < 0) return
    const text = this.lines.take()
    if (text !== '') writeSync(this.file, text)
  }

  private open(at: number, run: string): void {
    const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
    const path = join(this.root, `${time}-${run.replace(/[^\w-]/g, '_')}`)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    this.file = openSync(join(path, 'events.ndjson'), 'a', 0o600)
    this.path = path
    this.tidied = forgetOldRuns(this.root).catch(() => undefined)
  }

  private guard(act: () => void): void {
    if (this.broken) return
    try {
      act()
    } catch (error) {
      this.broken = true
      if (this.file >= 0) closeSync(this.file)
      this.file = -1
      this.path = undefined
      this.warn(`this run is not journalled: ${(error as Error).message}`)
    }
  }
}

/** Another run may do the same at this moment. */
async function forgetOldRuns(root: string): Promise<void> {
  const runs = (await readdir(root)).filter((name) => runDirectory.test(name))
  for (const name of runs.sort().slice(0, -runsKept))
    await rm(join(root, name), { recursive: true, force: true })
}
