import { CommandError, ConnectError, Interrupted, TaskError } from '../core/errors.ts'
import type { Failure } from '../core/event.ts'
import type { Place } from '../core/place.ts'
import { Stopped } from './waits.ts'

const STDERR_LINES = 12

/** An error as events carry it. Expected kinds lose their stack, anything else is a bug and keeps it. */
export function failureOf(error: unknown, place?: Place): Failure {
  if (error instanceof Interrupted) return { kind: 'interrupted', message: 'interrupted', place }
  if (error instanceof Stopped) return { kind: 'interrupted', message: 'stopped', place }
  if (error instanceof ConnectError) {
    return { kind: 'connect', message: error.message, hint: error.hint, place }
  }
  if (error instanceof CommandError) {
    const { message, hint, command, code } = error
    return { kind: 'command', message, hint, command, code, stderr: lastLines(error.stderr), place }
  }
  if (error instanceof TaskError) return { kind: 'task', message: error.message, hint: error.hint, place }
  const bug = error instanceof Error ? error : new Error(String(error))
  return {
    kind: 'bug',
    message: `this is a bug in provision: ${bug.message}`,
    hint: 'please report it with the stack below',
    stack: bug.stack,
    place,
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-STDERR_LINES).join('\n')
}
