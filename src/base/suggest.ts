import { distance } from 'fastest-levenshtein'

/** The known name nearest to a mistyped one, or undefined when none is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const name of known) {
    const far = distance(word.toLowerCase(), name.toLowerCase())
    if (far < least) [best, least] = [name, far]
  }
  return best
}

/** "did you mean …?" or a list of what is known. */
export function didYouMean(word: string, known: string[]): string {
  const guess = nearest(word, known)
  if (guess !== undefined) return `did you mean '${guess}'?`
  return known.length === 0 ? '' : `known: ${known.slice(0, 30).join(', ')}`
}
