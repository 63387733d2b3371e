import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { hostsMatch, keyType, type KnownKey, parseKnownHosts } from '../base/knownhosts.ts'

export type Verdict =
  | { state: 'known' }
  /** `authority`: a certificate authority vouches for this host, which can't be checked here. */
  | { state: 'unknown'; authority: KnownKey | undefined }
  | { state: 'changed'; known: KnownKey[] }
  | { state: 'revoked'; known: KnownKey }

/** The keys of hosts seen before, read once per run. */
export class KnownHosts {
  readonly #files: string[]
  #lines: Lines | undefined
  readonly #found = new Map<string, KnownKey[]>()

  /** New keys go to the first file. Files that don't exist count as empty. */
  constructor(files: string[]) {
    this.#files = files
  }

  /** Types of the keys known for a host, in the order of the files. */
  types(name: string): string[] {
    const plain = this.#find(name).filter((one) => one.marker === undefined)
    return [...new Set(plain.map((one) => one.type))]
  }

  check(name: string, blob: Buffer): Verdict {
    const key = blob.toString('base64')
    const found = this.#find(name)
    const revoked = found.find((one) => one.marker === 'revoked' && one.key === key)
    if (revoked) return { state: 'revoked', known: revoked }
    const plain = found.filter((one) => one.marker === undefined)
    if (plain.some((one) => one.key === key)) return { state: 'known' }
    if (plain.length > 0) return { state: 'changed', known: plain }
    if (this.#knownWithoutPort(name, key)) return { state: 'known' }
    return { state: 'unknown', authority: found.find((one) => one.marker === 'cert-authority') }
  }

  /** Remembers a key in the first file. Throws when that can't be written. */
  add(name: string, blob: Buffer): void {
    const file = this.#files[0]
    const [type, key] = [keyType(blob), blob.toString('base64')]
    this.#find(name).push({ file: file ?? '', line: 0, marker: undefined, hosts: name, type, key })
    if (file === undefined) return
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const before = readText(file)
    const gap = before === '' || before.endsWith('\n') ? '' : '\n'
    // One write in append mode, so that other programs' lines are never cut.
    appendFileSync(file, `${gap}${name} ${type} ${key}\n`, { mode: 0o600 })
  }

  /** OpenSSH too takes a key that is known for the host on any port. */
  #knownWithoutPort(name: string, key: string): boolean {
    const host = /^\[(.+)\]:\d+$/.exec(name)?.[1]
    return host !== undefined && this.#find(host).some((one) => one.marker === undefined && one.key === key)
  }

  #find(name: string): KnownKey[] {
    const key = name.toLowerCase()
    const found = this.#found.get(key) ?? linesOf(key, (this.#lines ??= this.#read()))
    this.#found.set(key, found)
    return found
  }

  #read(): Lines {
    const lines: Lines = { named: new Map(), others: [] }
    for (const key of this.#files.flatMap((file) => parseKnownHosts(readText(file), file))) {
      if (/[|*?!]/.test(key.hosts)) lines.others.push(key)
      else
        for (const name of new Set(key.hosts.toLowerCase().split(',')))
          lines.named.set(name, [...(lines.named.get(name) ?? []), key])
    }
    return lines
  }
}

/** Lines that name their hosts, by name, and those that must be compared: to hash a name for each of them takes long. */
interface Lines {
  named: Map<string, KnownKey[]>
  others: KnownKey[]
}

function linesOf(name: string, { named, others }: Lines): KnownKey[] {
  return [...(named.get(name) ?? []), ...others.filter((one) => hostsMatch(one.hosts, name))]
}

/** The name under which a host's key is kept. */
export function knownName(address: string, port: number): string {
  const host = address.toLowerCase()
  return port === 22 ? host : `[${host}]:${port}`
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
