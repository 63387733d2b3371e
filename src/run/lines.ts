type Stream = 'stdout' | 'stderr'

/** Cuts streamed text into whole lines: a secret torn between two chunks could not be masked. */
export function linesOf(onLines: (stream: Stream, text: string) => void) {
  const rest: Record<Stream, string> = { stdout: '', stderr: '' }
  return {
    push: (stream: Stream, text: string): void => {
      const lines = (rest[stream] + text).split('\n')
      rest[stream] = lines.pop() ?? ''
      if (lines.length > 0) onLines(stream, `${lines.join('\n')}\n`)
    },
    flush: (): void => {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (rest[stream] !== '') onLines(stream, rest[stream])
        rest[stream] = ''
      }
    },
  }
}
