import { setMaxListeners } from 'node:events'

/** The first Ctrl-C asks the run to stop in an orderly way, the second one ends the program at once. */
export function interruption(): { signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  // Every host listens; that is no leak.
  setMaxListeners(0, controller.signal)
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
    process.stderr.write(
      '\nStopping: what is under way is ended in order. Press Ctrl-C again to stop at once.\n',
    )
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    end: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
