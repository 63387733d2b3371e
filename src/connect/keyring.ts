import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ParsedKey } from 'ssh2'
import ssh2 from 'ssh2'

/** Asks the user something; undefined when there is nobody to ask. */
export type Ask = ((question: string, secret: boolean) => Promise<string>) | undefined

export type KeyFile =
  | { state: 'ready'; key: ParsedKey }
  | { state: 'locked' }
  | { state: 'absent' }
  | { state: 'unusable'; why: string }

/** Files the OpenSSH client looks for by itself. */
export const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => `~/.ssh/${name}`)

const PROMPTS = 3

/** Private keys and agents, each read once per run and shared by all connections. */
export class Keyring {
  readonly #ask: Ask
  readonly #files = new Map<string, Promise<KeyFile>>()
  readonly #unlocked = new Map<string, Promise<KeyFile>>()
  readonly #agents = new Map<string, Promise<SharedAgent>>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  load(path: string): Promise<KeyFile> {
    const file = this.#files.get(path) ?? readKey(path)
    this.#files.set(path, file)
    return file
  }

  /** Asks for the passphrase of a locked key, once per run. */
  unlock(path: string): Promise<KeyFile> {
    const file = this.#unlocked.get(path) ?? this.#askPassphrase(path)
    this.#unlocked.set(path, file)
    return file
  }

  /** The public part of a key file, also while it is locked, or undefined. */
  async publicPart(path: string): Promise<Buffer | undefined> {
    const file = await this.load(path)
    if (file.state === 'ready') return file.key.getPublicSSH()
    const text = await readFile(`${expandHome(path)}.pub`).catch(() => '')
    const key = ssh2.utils.parseKey(text)
    return key instanceof Error ? undefined : key.getPublicSSH()
  }

  /** Rejects when the agent doesn't answer. */
  agent(socket: string): Promise<SharedAgent> {
    const agent = this.#agents.get(socket) ?? openAgent(socket)
    this.#agents.set(socket, agent)
    return agent
  }

  async #askPassphrase(path: string): Promise<KeyFile> {
    if (!this.#ask) return { state: 'locked' }
    for (let prompt = 1; prompt <= PROMPTS; prompt++) {
      const passphrase = await this.#ask(`Passphrase for ${path}: `, true)
      if (passphrase === '') break
      const file = await readKey(path, passphrase)
      if (file.state === 'ready') return file
    }
    return { state: 'unusable', why: 'wrong passphrase' }
  }
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}

const READ_ERRORS: Record<string, string> = { EACCES: 'permission denied', EISDIR: 'it is a directory' }

async function readKey(path: string, passphrase?: string): Promise<KeyFile> {
  let text: Buffer
  try {
    text = await readFile(expandHome(path))
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { state: 'absent' } : { state: 'unusable', why: READ_ERRORS[code] ?? message }
  }
  const parsed = ssh2.utils.parseKey(text, passphrase)
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  if (key instanceof Error || !key) {
    const why = key?.message ?? 'it holds no key'
    return /no passphrase given/i.test(why) ? { state: 'locked' } : { state: 'unusable', why }
  }
  if (!key.isPrivateKey()) return { state: 'unusable', why: 'it is a public key' }
  return { state: 'ready', key: key.type === 'ssh-ed25519' ? signingQuickly(key) : key }
}

/** ssh2 has OpenSSL read the key's text for each signature, which takes ten times as long as to sign. */
function signingQuickly(key: ParsedKey): ParsedKey {
  const slowly = key.sign.bind(key)
  let ready: KeyObject | undefined
  return Object.assign(key, {
    sign(data: Buffer): Buffer {
      try {
        ready ??= createPrivateKey(key.getPrivatePEM())
        return sign(null, data, ready)
      } catch {
        return slowly(data)
      }
    },
  })
}

type AnyKey = string | Buffer | ParsedKey

/** An agent whose identities were read once. */
export class SharedAgent extends ssh2.BaseAgent {
  readonly keys: ParsedKey[]
  readonly #agent: ssh2.BaseAgent

  constructor(agent: ssh2.BaseAgent, keys: ParsedKey[]) {
    super()
    this.#agent = agent
    this.keys = keys
  }

  override getIdentities(done: ssh2.IdentityCallback): void {
    done(undefined, this.keys)
  }

  override sign(
    key: AnyKey,
    data: Buffer,
    options: ssh2.SigningRequestOptions,
    done?: ssh2.SignCallback,
  ): void
  override sign(key: AnyKey, data: Buffer, done: ssh2.SignCallback): void
  override sign(...call: unknown[]): void {
    this.#agent.sign(...(call as [AnyKey, Buffer, ssh2.SignCallback]))
  }

  /** The same agent with only some of its keys. */
  only(wanted: (key: ParsedKey) => boolean): SharedAgent {
    return new SharedAgent(this.#agent, this.keys.filter(wanted))
  }
}

async function openAgent(socket: string): Promise<SharedAgent> {
  const agent = ssh2.createAgent(socket)
  const found = await new Promise<unknown[]>((resolve, reject) => {
    agent.getIdentities((error, keys) => (error ? reject(error) : resolve(keys ?? [])))
  })
  const keys = found.map((key) => ssh2.utils.parseKey(key as Buffer)).flat()
  return new SharedAgent(
    agent,
    keys.filter((key): key is ParsedKey => !(key instanceof Error)),
  )
}
