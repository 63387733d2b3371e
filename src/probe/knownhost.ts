import { fingerprint, hostsMatch, type KnownKey, parseKnownHosts } from '../base/knownhosts.ts'
import { TaskError } from '../core/errors.ts'

/** A known_hosts file in which some names have a new key, and what was there for them. */
export interface Rekeyed {
  text: string
  replaced: KnownKey[]
}

/**
 * Gives these names that key where others are known for them: their lines go, and a new one comes. A file that does not
 * know the names stays as it is: whoever logs in first will learn the key. Throws TaskError where a line is for other hosts, too.
 */
export function rekey(text: string, names: string[], key: string, file: string): Rekeyed {
  const about = parseKnownHosts(text, file).filter(
    ({ marker, hosts }) =>
      marker === undefined && names.some((name) => hostsMatch(hosts, name.toLowerCase())),
  )
  const replaced = about.filter((one) => `${one.type} ${one.key}` !== key)
  if (replaced.length === 0) return { text, replaced }
  const lines = text.split('\n')
  const changed = new Map(
    replaced.map((one) => [one.line - 1, withoutNames(lines[one.line - 1]!, one, names)]),
  )
  const kept = lines.flatMap((line, index) => (changed.has(index) ? (changed.get(index) ?? []) : [line]))
  while (kept.at(-1) === '') kept.pop()
  return { text: `${[...kept, `${names.join(',')} ${key}`].join('\n')}\n`, replaced }
}

/** What is left of a line that names other hosts, too; undefined when nothing is. */
function withoutNames(
  line: string,
  { hosts, file, line: number }: KnownKey,
  names: string[],
): string | undefined {
  if (hosts.startsWith('|1|')) return undefined
  const own = (pattern: string) => names.some((name) => pattern.toLowerCase() === name.toLowerCase())
  const others = hosts.split(',').filter((pattern) => !own(pattern))
  if (others.length === 0) return undefined
  const rest = others.join(',')
  if (names.some((name) => hostsMatch(rest, name.toLowerCase())))
    throw new TaskError(
      `${file}:${number} is for ${hosts}, and so for other hosts, too`,
      'correct that line by hand, then run the command again',
    )
  return line.replace(hosts, rest)
}

/** "ssh-ed25519 SHA256:..." of a key as it is written in known_hosts. */
export function keyTitle(key: string): string {
  const [type = '', blob = ''] = key.split(' ')
  return `${type} ${fingerprint(Buffer.from(blob, 'base64'))}`
}
