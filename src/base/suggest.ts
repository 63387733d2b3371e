import { distance } from 'fastest-levenshtein'

/** The known name nearest to a mistyped one, or undefined when none is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const names = [...known]
  let best: string | undefined
  let least = Math.max(1, Math.floor(stem(word).length / 3)) + 1
  for (const name of names) {
    const far = typos(stem(word), stem(name))
    if (far < least) [best, least] = [name, far]
  }
  return best ?? onlyLonger(word, names)
}

/** What files of ours end in would only make short names look alike. */
function stem(word: string): string {
  return word.toLowerCase().replace(/\.(ya?ml|json|ts)$/, '')
}

/** The one name that begins with the word: `env` for `environment`. */
function onlyLonger(word: string, names: string[]): string | undefined {
  const longer = word.length < 3 ? [] : names.filter((name) => name.startsWith(word))
  return longer.length === 1 ? longer[0] : undefined
}

/** Edit distance; two letters swapped, the commonest slip of all, count as one. */
function typos(word: string, name: string): number {
  const at = Array.from(word, (letter, index) => letter !== name[index]).indexOf(true)
  const swapped = word.slice(0, at) + word.slice(at + 1, at + 2) + word.slice(at, at + 1) + word.slice(at + 2)
  return at >= 0 && swapped === name ? 1 : distance(word, name)
}

/** "did you mean …?" or a list of what is known. */
export function didYouMean(word: string, known: string[]): string {
  const guess = nearest(word, known)
  if (guess !== undefined) return `did you mean '${guess}'?`
  return known.length === 0 ? '' : `known: ${known.slice(0, 30).join(', ')}`
}
