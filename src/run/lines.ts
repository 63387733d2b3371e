type Stream = 'stdout' | 'stderr'

/** Cuts streamed text into whole lines: a secret torn between two chunks could not be masked. */
export function linesOf(onLines: (stream: Stream, text: string) => void) {
  // In pieces: to look for line ends in all of a line again with each chunk takes minutes where a line is 100 MB long.
  const rest: Record<Stream, string[]> = { stdout: [], stderr: [] }
  const end = (stream: Stream, text: string): void => {
    const whole = rest[stream].splice(0).join('') + text
    if (whole !== '') onLines(stream, whole)
  }
  return {
    push: (stream: Stream, text: string): void => {
      const at = text.lastIndexOf('\n') + 1
      if (at > 0) end(stream, text.slice(0, at))
      if (at < text.length) rest[stream].push(text.slice(at))
    },
    flush: (): void => {
      for (const stream of ['stdout', 'stderr'] as const) end(stream, '')
    },
  }
}
