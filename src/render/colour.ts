import picocolors from 'picocolors'

export type Colours = ReturnType<typeof picocolors.createColors>

/**
 * Colours for a stream. NO_COLOR switches them off, FORCE_COLOR on (off with "0" or "false"), else the terminal decides.
 * picocolors' own guess is not asked: it switches colours on wherever CI is set.
 */
export function coloursFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Colours {
  return picocolors.createColors(wanted(stream, env))
}

function wanted(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return !['0', 'false'].includes(env.FORCE_COLOR)
  return stream.isTTY === true && env.TERM !== 'dumb'
}

export const noColours: Colours = picocolors.createColors(false)
