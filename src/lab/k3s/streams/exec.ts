import type { ChildProcess } from 'node:child_process'
import type { Channels } from './channels.ts'

export interface ExecOptions {
  stdin: boolean
  tty: boolean
  /** The client is not told the exit code: it attached to what runs anyway. */
  isAttached?: boolean
}

/** Connects a process with the streams of its client. It runs on when the client goes away, as in a container. */
export function connectProcess(
  child: ChildProcess,
  channels: Channels,
  { stdin, tty, isAttached }: ExecOptions,
): void {
  const output = (stream: 'stdout' | 'stderr') => (bytes: Buffer) => channels.write(stream, bytes)
  child.stdout?.on('data', output('stdout'))
  child.stderr?.on('data', output(tty ? 'stdout' : 'stderr'))
  child.stdin?.on('error', () => {})
  if (stdin)
    channels.onInput(
      (bytes) => child.stdin?.write(bytes),
      () => child.stdin?.end(),
    )
  else {
    // `script` takes the end of its input for the end of the session.
    if (!tty) child.stdin?.end()
    channels.onInput(
      () => {},
      () => {},
    )
  }
  child.on('error', (error) => channels.finish({ failure: error.message }))
  child.on('close', (code, signal) =>
    channels.finish({ exitCode: isAttached ? 0 : (code ?? (signal === null ? 1 : 137)) }),
  )
  // Who sits at a terminal hangs up.
  channels.onClose(() => (tty || stdin ? child.stdin?.end() : undefined))
}
