import { randomBytes } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import type { Output } from '../core/task.ts'
import { MarkScanner, preamble, scriptFrame, shellFrame } from './frame.ts'
import type { MarkKind } from './frame.ts'
import type { Pipe } from './link.ts'

type Stream = 'stdout' | 'stderr'
type OnOutput = (stream: Stream, text: string) => void

/** A script that has been sent. */
export interface Running {
  output: Promise<Output>
  /** Resolves when the scripts sent before it have ended. */
  turn: Promise<void>
  /** Standard error so far. */
  stderr(): string
}

/** A persistent sh that runs scripts one after the other; many may be sent without waiting. */
export class Shell {
  readonly #pipe: Pipe
  readonly #nonce = `@${randomBytes(16).toString('hex')}`
  readonly #why: (neverStarted: string | undefined) => Error
  readonly #frames: Frame[] = []
  /** Whose output a stream carries at the moment; one stream may be ahead of the other. */
  readonly #current: Partial<Record<Stream, Frame>> = {}
  readonly #hello = deferred<number>()
  #sent = 0
  #started = false
  #greeting = ''
  #dead = false
  #stray = false

  /**
   * `why` makes the error for scripts under way when the shell ends; it gets what was said instead when the
   * shell has never started.
   */
  constructor(pipe: Pipe, why: (neverStarted: string | undefined) => Error) {
    this.#pipe = pipe
    this.#why = why
    this.#hello.promise.catch(() => {})
    this.#listen('stdout')
    this.#listen('stderr')
    pipe.stdin.on('error', () => {})
    pipe.stdin.write(preamble(this.#nonce))
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

  run(script: string, stdin?: string, onOutput?: OnOutput): Running {
    return this.#send((seq) => scriptFrame(this.#nonce, seq, script, stdin), onOutput)
  }

  /** Runs commands in the shell itself rather than in a subshell. */
  runInside(commands: string): Running {
    return this.#send((seq) => shellFrame(this.#nonce, seq, commands))
  }

  /** Ends the shell; scripts under way reject. */
  destroy(): void {
    this.#pipe.destroy()
    this.#end()
  }

  #send(encode: (seq: number) => string, onOutput?: OnOutput): Running {
    const frame = new Frame(++this.#sent, onOutput)
    if (this.#dead) frame.fail(this.#reason())
    else {
      this.#frames.push(frame)
      this.#pipe.stdin.write(encode(frame.seq))
      if (this.#frames.length === 1) frame.begin()
    }
    return { output: frame.output.promise, turn: frame.turn.promise, stderr: () => frame.text('stderr') }
  }

  #listen(stream: Stream): void {
    const scanner = new MarkScanner(
      this.#nonce,
      (data) => this.#onData(stream, data),
      (kind, seq, value) => this.#onMark(stream, kind, seq, value),
    )
    const readable = this.#pipe[stream]
    readable.on('data', (chunk: Buffer) => scanner.push(chunk)).on('error', () => {})
    readable.resume()
  }

  #onData(stream: Stream, data: Buffer): void {
    const frame = this.#current[stream]
    if (frame) frame.add(stream, data)
    else if (this.#started) this.#stray = true
    else this.#greeting = (this.#greeting + data.toString()).slice(-1000)
  }

  #onMark(stream: Stream, kind: MarkKind, seq: number, value: string): void {
    if (kind === 'hello') {
      if (stream === 'stderr') return
      this.#started = true
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
    this.#hello.reject(this.#reason())
    for (const frame of this.#frames.splice(0)) frame.fail(this.#reason())
  }

  #reason(): Error {
    return this.#why(this.#started ? undefined : this.#greeting.trim())
  }
}

/** The controller's side of one script. */
class Frame {
  readonly seq: number
  readonly output = deferred<Output>()
  readonly turn = deferred<void>()
  code = 0
  marks = 0
  readonly #onOutput: OnOutput | undefined
  readonly #chunks: Record<Stream, Buffer[]> = { stdout: [], stderr: [] }
  readonly #decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() }

  constructor(seq: number, onOutput?: OnOutput) {
    this.seq = seq
    this.#onOutput = onOutput
    // A deadline may look at the outcome only after it has rejected.
    this.output.promise.catch(() => {})
  }

  begin(): void {
    this.turn.resolve()
  }

  add(stream: Stream, data: Buffer): void {
    this.#chunks[stream].push(data)
    this.#show(stream, this.#onOutput ? this.#decoders[stream].write(data) : '')
  }

  text(stream: Stream): string {
    return Buffer.concat(this.#chunks[stream]).toString()
  }

  finish(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.#show(stream, this.#decoders[stream].end())
    const stdout = Buffer.concat(this.#chunks.stdout)
    this.output.resolve({ code: this.code, stdout, stderr: this.text('stderr') })
  }

  fail(error: Error): void {
    this.turn.resolve()
    this.output.reject(error)
  }

  #show(stream: Stream, text: string): void {
    if (text !== '') this.#onOutput?.(stream, text)
  }
}

interface Deferred<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

function deferred<T>(): Deferred<T> {
  const parts = {} as Deferred<T>
  parts.promise = new Promise<T>((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
