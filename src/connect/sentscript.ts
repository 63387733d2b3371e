import { StringDecoder } from 'node:string_decoder'
import { sizeText } from '../base/bytes.ts'
import { CommandError } from '../core/errors.ts'
import type { Output } from '../core/task.ts'

export type Stream = 'stdout' | 'stderr'
export type OnOutput = (stream: Stream, text: string) => void

/** What of a script's output is kept, in bytes: as JSON, in which a byte may take six, it must fit into a string. */
const MOST_OUTPUT = 64e6

/** A script that has been sent. */
export interface Running {
  output: Promise<Output>
  /** Resolves when the scripts sent before it have ended. */
  turn: Promise<void>
  /** Standard error so far. */
  stderr(): string
  ended(): boolean
}

/** The controller's side of one script. */
export class SentScript {
  readonly seq: number
  readonly output = deferred<Output>()
  readonly turn = deferred<void>()
  code = 0
  ended = false
  marks = 0
  #size = 0
  readonly #onOutput: OnOutput | undefined
  readonly #chunks: Record<Stream, Buffer[]> = { stdout: [], stderr: [] }
  readonly #decoders: Record<Stream, StringDecoder> | undefined

  constructor(seq: number, onOutput?: OnOutput) {
    this.seq = seq
    this.#onOutput = onOutput
    if (onOutput) this.#decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() }
    // A deadline may look at the outcome only after it has rejected.
    this.output.promise.catch(() => {})
  }

  begin(): void {
    this.turn.resolve()
  }

  add(stream: Stream, data: Buffer): void {
    this.#size += data.length
    // The rest is taken all the same, or the script would never end.
    if (this.#size > MOST_OUTPUT) return
    this.#chunks[stream].push(data)
    if (this.#decoders) this.#show(stream, this.#decoders[stream].write(data))
  }

  text(stream: Stream): string {
    return Buffer.concat(this.#chunks[stream]).toString()
  }

  finish(): void {
    this.ended = true
    for (const stream of ['stdout', 'stderr'] as const)
      this.#show(stream, this.#decoders?.[stream].end() ?? '')
    if (this.#size > MOST_OUTPUT) return this.output.reject(this.#tooMuch())
    const stdout = Buffer.concat(this.#chunks.stdout)
    this.output.resolve({ code: this.code, stdout, stderr: this.text('stderr') })
  }

  fail(error: Error): void {
    this.ended = true
    this.turn.resolve()
    this.output.reject(error)
  }

  #tooMuch(): CommandError {
    const [all, most] = [sizeText(this.#size), sizeText(MOST_OUTPUT)]
    const what = `it printed ${all}, and no more than ${most} can be kept (it ended with exit code ${this.code})`
    const hint = 'send what it prints into a file'
    return new CommandError(what, { code: this.code || 1, command: '', stderr: '', hint })
  }

  #show(stream: Stream, text: string): void {
    if (text !== '') this.#onOutput?.(stream, text)
  }
}

export interface Deferred<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

export function deferred<T>(): Deferred<T> {
  const parts = {} as Deferred<T>
  parts.promise = new Promise<T>((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
