import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file. */
export interface KnownKey {
  file: string
  /** Counts from 1. */
  line: number
  marker: 'revoked' | 'cert-authority' | undefined
  hosts: string
  type: string
  /** Base64, as in the file. */
  key: string
}

/** Reads the lines that name a key; comments and lines that make no sense are left out. */
export function parseKnownHosts(text: string, file: string): KnownKey[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/[ \t]+/)
    const marker = words[0]?.startsWith('@') ? words.shift()?.slice(1) : undefined
    const [hosts, type, key] = words
    if (!hosts || hosts.startsWith('#') || !type || !key) return []
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return []
    return [{ file, line: index + 1, marker, hosts, type, key }]
  })
}

/** Whether a line's first field names the host: hashed, or a list of patterns of which none negated may match. */
export function hostsMatch(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) {
    const [, , salt, hash] = hosts.split('|')
    return (
      createHmac('sha1', Buffer.from(salt ?? '', 'base64'))
        .update(name)
        .digest('base64') === hash
    )
  }
  let matched = false
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!')
    if (!globMatch(negated ? pattern.slice(1) : pattern, name)) continue
    if (negated) return false
    matched = true
  }
  return matched
}

function globMatch(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(name)
}

/** As ssh-keygen -l prints it: SHA256:... */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The key's own name of its type, its first field. */
export function keyType(blob: Buffer): string {
  return blob.toString('latin1', 4, 4 + blob.readUInt32BE(0))
}
