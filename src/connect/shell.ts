import { randomBytes } from 'node:crypto'
import type { RunOptions } from './connection.ts'
import { framed, MarkScanner, scriptBody, shellBody } from './frame.ts'
import type { Frame, MarkKind } from './frame.ts'
import type { Pipe } from './link.ts'
import { deferred, type OnOutput, type Running, SentScript, type Stream } from './sentscript.ts'

/** In milliseconds; a host that computes is silent, too, and then an empty line does no harm. */
const SILENCE = 4

/** A persistent sh that runs scripts one after the other; many may be sent without waiting. */
export class Shell {
  readonly #pipe: Pipe
  readonly #nonce = `@${randomBytes(16).toString('hex')}`
  readonly #why: (neverStarted: string | undefined) => Error
  readonly #frames: SentScript[] = []
  /** Whose output a stream carries at the moment; one stream may be ahead of the other. */
  readonly #current: Partial<Record<Stream, SentScript>> = {}
  readonly #hello = deferred<number>()
  #sent = 0
  readonly #outbox: Frame[] = []
  /** Nothing has been sent to it. */
  #fresh = true
  #silence: NodeJS.Timeout | undefined
  readonly #start: NodeJS.Timeout
  #started = false
  #silent = false
  #greeting = ''
  #dead = false
  #stray = false

  /**
   * `why` makes the error for scripts under way when the shell ends; it gets what happened instead when the
   * shell has never started.
   */
  constructor(pipe: Pipe, why: (neverStarted: string | undefined) => Error, startTime: number) {
    this.#pipe = pipe
    this.#start = setTimeout(() => this.#giveUp(), startTime).unref()
    this.#why = why
    this.#hello.promise.catch(() => {})
    this.#listen('stdout')
    this.#listen('stderr')
    pipe.stdin.on('error', () => {})
    setImmediate(() => this.#flush())
    void pipe.ended.then(() => this.#end())
  }

  /** Process id of the shell on the host. */
  get pid(): Promise<number> {
    return this.#hello.promise
  }

  /** False once it has ended, or while a process left behind writes into its output. */
  get usable(): boolean {
    return !this.#dead && !(this.#stray && this.#frames.length === 0)
  }

  /** Scripts sent that have not ended. */
  get pending(): number {
    return this.#frames.length
  }

  run(script: string, options: Pick<RunOptions, 'stdin' | 'onOutput'> = {}): Running {
    return this.#send(scriptBody(script, options.stdin), options.onOutput)
  }

  /** Runs commands in the shell itself rather than in a subshell. */
  runInside(commands: string): Running {
    return this.#send(shellBody(commands))
  }

  /** Ends the shell; scripts under way reject. */
  destroy(): void {
    this.#pipe.destroy()
    this.#end()
  }

  #send(body: string, onOutput?: OnOutput): Running {
    const frame = new SentScript(++this.#sent, onOutput)
    if (this.#dead) frame.fail(this.#reason())
    else {
      this.#frames.push(frame)
      this.#post({ seq: frame.seq, body })
      if (this.#frames.length === 1) frame.begin()
    }
    return {
      output: frame.output.promise,
      turn: frame.turn.promise,
      stderr: () => frame.text('stderr'),
      ended: () => frame.ended,
    }
  }

  /** Scripts sent in one turn of the loop leave as one packet rather than as one each. */
  #post(frame: Frame): void {
    if (this.#outbox.push(frame) === 1 && !this.#fresh) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const text = framed(this.#nonce, this.#outbox.splice(0), this.#fresh)
    this.#fresh = false
    if (!this.#dead) this.#pipe.stdin.write(text)
  }

  #listen(stream: Stream): void {
    const scanner = new MarkScanner(
      this.#nonce,
      (data) => this.#onData(stream, data),
      (kind, seq, value) => this.#onMark(stream, kind, seq, value),
    )
    const readable = this.#pipe[stream]
    const onChunk = (chunk: Buffer): void => {
      scanner.push(chunk)
      this.#expectMore()
    }
    readable.on('data', onChunk).on('error', () => {})
    readable.resume()
  }

  /**
   * sshd holds a small packet back until the one before it is acknowledged (Nagle), and a jump host acknowledges only
   * after 40 ms unless it has something to send. So after a silence it gets an empty line, which sh passes over.
   */
  #expectMore(): void {
    if (this.#started && this.#frames.length > 0) {
      this.#silence ??= setTimeout(() => {
        if (!this.#dead && this.#frames.length > 0) this.#pipe.stdin.write('\n')
      }, SILENCE)
      this.#silence.refresh()
    } else {
      clearTimeout(this.#silence)
      this.#silence = undefined
    }
  }

  #onData(stream: Stream, data: Buffer): void {
    const frame = this.#current[stream]
    if (frame) frame.add(stream, data)
    else if (this.#started) this.#stray = true
    else this.#greeting = (this.#greeting + data.toString()).slice(-1000)
  }

  #onMark(stream: Stream, kind: MarkKind, seq: number, value: string): void {
    if (kind === 'hello') {
      // A program that only repeats what it is told is no shell.
      if (stream === 'stderr' || !/^\d+$/.test(value)) return
      this.#started = true
      clearTimeout(this.#start)
      this.#hello.resolve(Number(value))
      return
    }
    const frame = this.#frames.find((one) => one.seq === seq)
    if (!frame) return
    this.#current[stream] = kind === 'begin' ? frame : undefined
    if (kind === 'begin') return
    if (stream === 'stdout') frame.code = Number(value)
    if (++frame.marks < 2) return
    this.#frames.shift()
    this.#frames[0]?.begin()
    frame.finish()
  }

  #end(): void {
    if (this.#dead) return
    this.#dead = true
    clearTimeout(this.#silence)
    clearTimeout(this.#start)
    if (!this.#started) this.#hello.reject(this.#reason())
    for (const frame of this.#frames.splice(0)) frame.fail(this.#reason())
  }

  /** What the host runs instead of a shell would be waited for without end. */
  #giveUp(): void {
    this.#silent = true
    this.destroy()
  }

  #reason(): Error {
    if (this.#started) return this.#why(undefined)
    const what = this.#silent ? 'did not start sh in time' : 'ended at once'
    return this.#why(`${what}: ${this.#greeting.trim() || 'no message'}`)
  }
}
