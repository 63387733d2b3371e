import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/** What the user's SSH configuration says about a host; values may be the client's defaults. */
export interface SshSettings {
  hostname: string | undefined
  user: string | undefined
  port: number | undefined
  identityFiles: string[]
  /** A path, SSH_AUTH_SOCK, or none. */
  identityAgent: string | undefined
  identitiesOnly: boolean
  proxyJump: string | undefined
  proxyCommand: string | undefined
  hostKeyAlias: string | undefined
}

/**
 * Asks the OpenSSH client what `file` says about a host: only it knows Include, Match and tokens. Without such
 * a file (or with an empty one) nothing is asked, for a process per host would cost more than connecting.
 */
export class SshConfig {
  readonly #file: string
  readonly #custom: boolean
  readonly #answers = new Map<string, Promise<SshSettings | undefined>>()
  #present: boolean | undefined

  /** `custom`: the file is not the one the client reads by itself. */
  constructor(file: string, custom: boolean) {
    this.#file = file
    this.#custom = custom
  }

  /** Rejects with an Error of ssh's own words when the file is wrong. */
  settings(host: string): Promise<SshSettings | undefined> {
    this.#present ??= hasSettings(this.#file)
    if (!this.#present) return Promise.resolve(undefined)
    const answer = this.#answers.get(host) ?? this.#ask(host)
    this.#answers.set(host, answer)
    return answer
  }

  async #ask(host: string): Promise<SshSettings | undefined> {
    const file = this.#custom ? ['-F', this.#file] : []
    try {
      const { stdout } = await promisify(execFile)('ssh', [...file, '-G', '--', host])
      return parseSettings(stdout)
    } catch (error) {
      const { code, stderr } = error as { code?: unknown; stderr?: string }
      if (code === 'ENOENT') return undefined
      throw new Error(stderr?.trim().split('\n').at(-1) || String(error))
    }
  }
}

function hasSettings(file: string): boolean {
  try {
    return /^\s*[^#\s]/m.test(readFileSync(file, 'utf8'))
  } catch {
    return false
  }
}

export function parseSettings(text: string): SshSettings {
  const all = text.split('\n').map((line) => {
    const blank = line.indexOf(' ')
    return [line.slice(0, blank), line.slice(blank + 1).trim()] as const
  })
  const one = (key: string) => {
    const value = all.find(([name]) => name === key)?.[1]
    return value === undefined || value === 'none' ? undefined : value
  }
  return {
    hostname: one('hostname'),
    user: one('user'),
    port: Number(one('port')) || undefined,
    identityFiles: all.filter(([name]) => name === 'identityfile').map(([, value]) => value),
    identityAgent: all.find(([name]) => name === 'identityagent')?.[1],
    identitiesOnly: one('identitiesonly') === 'yes',
    proxyJump: one('proxyjump'),
    proxyCommand: one('proxycommand'),
    hostKeyAlias: one('hostkeyalias'),
  }
}
