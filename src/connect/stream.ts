import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CommandError } from '../core/errors.ts'
import type { Output } from '../core/task.ts'
import type { RunOptions } from './connection.ts'
import { spoken, type Streamed } from './content.ts'
import type { Link, Pipe } from './link.ts'
import { shellCommand, startScript } from './startscript.ts'

/** What came of a process that was fed; a null code means it was cut off. */
export type Fed = Omit<Output, 'code'> & { code: number | null; readError?: NodeJS.ErrnoException }

/** Runs a script on a channel of its own. */
export async function runAlone(
  link: Link,
  script: string,
  load = spoken(''),
  options: FeedOptions = {},
): Promise<Fed> {
  const pipe = await startScript((command) => link.spawn(shellCommand(command)), script)
  return feed(pipe, load, options)
}

export interface FeedOptions extends Pick<RunOptions, 'timeout' | 'onOutput'> {
  /** So many bytes at the start are there already. */
  from?: number
}

/** Feeds a stream to a process, no faster than the host takes it, and collects what the process says. */
export async function feed(
  pipe: Pipe,
  load: Streamed,
  { timeout, onOutput, from = 0 }: FeedOptions,
): Promise<Fed> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  pipe.stdout.on('data', (chunk: Buffer) => stdout.push(chunk)).resume()
  pipe.stderr.on('data', (chunk: Buffer) => stderr.push(chunk)).resume()
  let late = false
  const timer =
    timeout === undefined ? undefined : setTimeout(() => ((late = true), pipe.destroy()), timeout * 1000)
  const source = load.open(from)
  let readError: NodeJS.ErrnoException | undefined
  source.once('error', (error: NodeJS.ErrnoException) => {
    // The pipeline hands the source the errors of the other end too.
    if (error.syscall === 'open' || error.syscall === 'read') readError = error
  })
  // The process may end before it has read everything (disk full); then the rest of the pipeline never ends.
  void pipeline(source, counter(from, load.size, onOutput), pipe.stdin).catch(() => {})
  const code = await pipe.ended
  clearTimeout(timer)
  source.destroy()
  if (late) throw lateError(timeout ?? 0)
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), readError }
}

export function lateError(timeout: number): CommandError {
  return new CommandError(`timed out after ${timeout} s while sending the file`, {
    code: 124,
    command: 'send a file',
    stderr: '',
    hint: 'the old file, if there was one, is untouched',
  })
}

/** Passes data on and tells how much has gone, in steps of a hundredth but at least 1 MB. */
function counter(from: number, size: number, onOutput: RunOptions['onOutput']): Transform {
  const step = Math.max(size / 100, 1e6)
  let [gone, told] = [from, from]
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      gone += chunk.length
      if (gone - told >= step) {
        told = gone
        onOutput?.('stdout', `sent ${megabytes(gone)} of ${megabytes(size)} MB\n`)
      }
      done(null, chunk)
    },
  })
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
