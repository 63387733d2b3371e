/** The streams of one `kubectl exec`, whatever they travel in. */
export interface Channels {
  /** Calls back with what the client types, and once when there will be no more. */
  onInput(data: (bytes: Buffer) => void, end: () => void): void
  write(stream: 'stdout' | 'stderr', bytes: Buffer): void
  /** Tells how it ended and closes everything. */
  finish(outcome: ExecOutcome): void
  onClose(closed: () => void): void
}

export interface ExecOutcome {
  exitCode?: number
  /** Why the program could not be run. */
  failure?: string
}

/** What goes over the error stream at the end: a Status. */
export function outcomeStatus({ exitCode = 0, failure }: ExecOutcome): string {
  if (failure !== undefined)
    return JSON.stringify({
      metadata: {},
      status: 'Failure',
      message: failure,
      reason: 'InternalError',
      code: 500,
    })
  if (exitCode === 0) return JSON.stringify({ metadata: {}, status: 'Success' })
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  })
}
