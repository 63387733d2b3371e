import { CommandError, Interrupted } from '../core/errors.ts'
import type { Output } from '../core/task.ts'
import type { RunOptions } from './connection.ts'
import type { Running } from './sentscript.ts'

/** Waits for a script within its limits; when they are passed, stops it and rejects. */
export async function withinLimits(
  running: Running,
  script: string,
  limits: Pick<RunOptions, 'timeout' | 'signal'>,
  stop: (cause: 'timeout' | 'signal') => Promise<void>,
): Promise<Output> {
  if (limits.timeout === undefined && !limits.signal) return running.output
  const cause = await firstOf(running, limits)
  if (cause === undefined) return running.output
  await stop(cause)
  if (cause === 'signal') throw new Interrupted('interrupted')
  throw new CommandError(`timed out after ${limits.timeout} s`, {
    code: 124,
    command: script,
    stderr: running.stderr(),
    hint: 'its processes on the host were ended; give it more time if it needs it',
  })
}

/** Resolves with the limit that was passed, or undefined when the script ended first. */
function firstOf(
  running: Running,
  { timeout, signal }: Pick<RunOptions, 'timeout' | 'signal'>,
): Promise<'timeout' | 'signal' | undefined> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let ended = false
    const onAbort = () => settle('signal')
    const settle = (cause?: 'timeout' | 'signal') => {
      ended = true
      clearTimeout(timer)
      if (signal) listenersOf(signal).delete(onAbort)
      resolve(cause)
    }
    const onEnd = () => settle()
    running.output.then(onEnd, onEnd)
    if (signal) listenersOf(signal).add(onAbort)
    // The clock starts when the scripts before it have ended.
    void running.turn.then(() => {
      if (!ended && timeout !== undefined) timer = setTimeout(() => settle('timeout'), timeout * 1000)
    })
  })
}

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Of a signal that all scripts of a run listen to: to be taken off its own list of listeners means a search in it. */
function listenersOf(signal: AbortSignal): Set<() => void> {
  const known = listeners.get(signal)
  if (known !== undefined) return known
  const all = new Set<() => void>()
  listeners.set(signal, all)
  signal.addEventListener('abort', () => all.forEach((listener) => listener()), { once: true })
  return all
}
