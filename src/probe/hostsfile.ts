import { insertLine, joinLines, splitLines } from './lines.ts'

/** One line of /etc/hosts that says something. */
export interface HostsEntry {
  address: string
  names: string[]
}

export function parseHostsLine(line: string): HostsEntry | undefined {
  const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
  return address === undefined || names.length === 0 ? undefined : { address, names }
}

/** Address that Debian gives a host's own name. */
const OWN = '127.0.1.1'

/** /etc/hosts in which a host knows its own name; an old name at that address goes. */
export function withOwnName(text: string, name: string): string {
  const lines = splitLines(text)
  const entries = lines.map((line) => parseHostsLine(line.text))
  if (entries.some((entry) => entry?.address === OWN && entry.names.includes(name))) return text
  const line = `${OWN}\t${name}`
  const own = entries.findIndex((entry) => entry?.address === OWN)
  const old = lines[own]
  if (old !== undefined) return joinLines(lines.with(own, { ...old, text: line }))
  const local = entries.findIndex((entry) => entry?.address === '127.0.0.1')
  return joinLines(insertLine(lines, line, local + 1))
}
