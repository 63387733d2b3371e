import type { Diagnostic } from './place.ts'

/** The user's files, arguments or patterns are wrong; nothing was contacted (exit code 1). */
export class UsageError extends Error {
  override name = 'UsageError'
  readonly diagnostics: Diagnostic[]
  constructor(diagnostics: Diagnostic[] | string, hint?: string) {
    const list: Diagnostic[] =
      typeof diagnostics === 'string' ? [{ severity: 'error', message: diagnostics, hint }] : diagnostics
    super(list.map((one) => one.message).join('\n'))
    this.diagnostics = list
  }
}

/** The host can't be reached or won't let us in (exit code 4). `retry`: trying again may help. */
export class ConnectError extends Error {
  override name = 'ConnectError'
  readonly hint: string | undefined
  readonly retry: boolean
  constructor(message: string, options: { hint?: string; retry?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.hint = options.hint
    this.retry = options.retry ?? false
  }
}

/** The connection broke after a command had been sent: its outcome is unknown. */
export class ConnectionLost extends ConnectError {
  override name = 'ConnectionLost'
}

/** A command on a host ended with a code that means failure (exit code 3). */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly code: number
  readonly command: string
  readonly stderr: string
  readonly hint: string | undefined
  /** All that it printed; absent when it did not come to its end. */
  readonly stdout: string | undefined
  constructor(
    message: string,
    at: { code: number; command: string; stderr: string; hint?: string; stdout?: string },
  ) {
    super(message)
    this.code = at.code
    this.command = at.command
    this.stderr = at.stderr
    this.hint = at.hint
    this.stdout = at.stdout
  }
}

/** There is nobody of that name to act as. */
export class NoSuchUser extends CommandError {
  override name = 'NoSuchUser'
  readonly user: string
  constructor(
    user: string,
    message: string,
    at: { code: number; command: string; stderr: string; hint: string },
  ) {
    super(message, at)
    this.user = user
  }
}

/** A task refuses, or its changes did not lead where it said (exit code 3). */
export class TaskError extends Error {
  override name = 'TaskError'
  readonly hint: string | undefined
  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** Only once steps before it have been applied can a step be planned. */
export class Unforeseen extends TaskError {
  override name = 'Unforeseen'
}

/** The user interrupted the run (exit code 130). */
export class Interrupted extends Error {
  override name = 'Interrupted'
}
