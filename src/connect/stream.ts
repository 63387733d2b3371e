import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CommandError } from '../core/errors.ts'
import type { Output } from '../core/task.ts'
import type { RunOptions } from './connection.ts'
import type { Load } from './content.ts'
import type { Pipe } from './link.ts'

type Streamed = Extract<Load, { kind: 'stream' }>

/** What came of a process that was fed; a null code means it was cut off. */
export type Fed = Omit<Output, 'code'> & { code: number | null; readError?: Error }

/** Feeds a stream to a process, no faster than the host takes it, and collects what the process says. */
export async function feed(
  pipe: Pipe,
  load: Streamed,
  { timeout, onOutput }: Pick<RunOptions, 'timeout' | 'onOutput'>,
): Promise<Fed> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  pipe.stdout.on('data', (chunk: Buffer) => stdout.push(chunk)).resume()
  pipe.stderr.on('data', (chunk: Buffer) => stderr.push(chunk)).resume()
  let late = false
  const timer =
    timeout === undefined ? undefined : setTimeout(() => ((late = true), pipe.destroy()), timeout * 1000)
  const source = load.open()
  let readError: Error | undefined
  source.once('error', (error: NodeJS.ErrnoException) => {
    // The pipeline hands the source the errors of the other end too.
    if (error.syscall === 'open' || error.syscall === 'read') readError = error
  })
  // The process may end before it has read everything (disk full); then the rest of the pipeline never ends.
  void pipeline(source, counter(load.size, onOutput), pipe.stdin).catch(() => {})
  const code = await pipe.ended
  clearTimeout(timer)
  source.destroy()
  if (late) throw lateError(timeout ?? 0)
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), readError }
}

function lateError(timeout: number): CommandError {
  return new CommandError(`timed out after ${timeout} s while sending the file`, {
    code: 124,
    command: 'send a file',
    stderr: '',
    hint: 'the old file, if there was one, is untouched',
  })
}

/** Passes data on and tells how much has gone, in steps of a hundredth but at least 1 MB. */
function counter(size: number, onOutput: RunOptions['onOutput']): Transform {
  const step = Math.max(size / 100, 1e6)
  let [gone, told] = [0, 0]
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
