import type {
  AnyAuthMethod,
  AuthenticationType,
  AuthHandlerMiddleware,
  NextAuthHandler,
  ParsedKey,
} from 'ssh2'
import { ConnectError } from '../core/errors.ts'
import { DEFAULT_KEYS } from './keyring.ts'
import type { Keyring, SharedAgent } from './keyring.ts'
import type { Route } from './route.ts'

/** One way to log in that is worth trying. */
type Candidate =
  | { by: 'key'; path: string; key: ParsedKey }
  | { by: 'agent'; agent: SharedAgent }
  | { by: 'locked'; path: string }

/** The login to one host: what can be tried, and what was. */
export class Login {
  readonly #route: Route
  readonly #keyring: Keyring
  readonly #candidates: Candidate[]
  readonly #tried: string[] = []
  readonly #notes: string[]
  #accepted: AuthenticationType[] | undefined

  constructor(route: Route, keyring: Keyring, candidates: Candidate[], notes: string[]) {
    this.#route = route
    this.#keyring = keyring
    this.#candidates = candidates
    this.#notes = notes
  }

  /**
   * For ssh2: gives the next method whenever it asks, and never "none", which costs a round trip and always fails.
   * `asking` is called around prompts, whose time must not count against the host.
   */
  handler(asking: (now: boolean) => void): AuthHandlerMiddleware {
    const methods = this.#methods(asking)
    const answer = async (next: NextAuthHandler) => {
      const { value, done } = await methods.next()
      // The types leave out `false`, which ends the attempt.
      next(done ? (false as unknown as AnyAuthMethod) : value)
    }
    return (left, _partial, next) => {
      this.#accepted = left ?? this.#accepted
      void answer(next)
    }
  }

  /** The error after all methods have failed. */
  refused(words?: string): ConnectError {
    const { host, user } = this.#route
    const what = this.#tried.length > 0 ? `tried ${listed(this.#tried)}` : 'there was nothing to try'
    const notes = this.#notes.length > 0 ? ` (${this.#notes.join('; ')})` : ''
    const said = words ? `: ${words}` : ''
    return new ConnectError(`${host.name}: permission denied for user ${user}${said}: ${what}${notes}`, {
      hint: this.#hint(),
    })
  }

  #hint(): string {
    const { host, user, address } = this.#route
    if (this.#accepted && !this.#accepted.includes('publickey')) {
      return `the host accepts only ${this.#accepted.join(' and ')}; allow public keys in its sshd_config`
    }
    return `does 'ssh ${user}@${address}' work? name the key with 'key' for ${host.name} in the inventory, or run ssh-copy-id`
  }

  async *#methods(asking: (now: boolean) => void): AsyncGenerator<AnyAuthMethod, void> {
    const username = this.#route.user
    for (const one of this.#candidates) {
      if (one.by === 'agent') {
        this.#tried.push(count(one.agent.keys.length, 'agent key'))
        yield { type: 'agent', username, agent: one.agent }
        continue
      }
      const key = one.by === 'key' ? one.key : await this.#unlock(one.path, asking)
      if (!key) continue
      this.#tried.push(`key ${one.path}`)
      // ssh2 takes parsed keys too; its types don't say so.
      yield { type: 'publickey', username, key: key as unknown as Buffer }
    }
  }

  async #unlock(path: string, asking: (now: boolean) => void): Promise<ParsedKey | undefined> {
    asking(true)
    const file = await this.#keyring.unlock(path).finally(() => asking(false))
    if (file.state === 'ready') return file.key
    this.#notes.push(`${path}: ${file.state === 'unusable' ? file.why : 'needs its passphrase'}`)
    return undefined
  }
}

/** Looks at keys and agent, best first; keys whose passphrase must be asked for come last. */
export async function prepareLogin(route: Route, keyring: Keyring): Promise<Login> {
  const notes: string[] = []
  const given = await fromFiles(route.keys, route, keyring, notes, true)
  const others = await fromFiles(route.suggested ?? DEFAULT_KEYS, route, keyring, notes, false)
  const ready = (list: Candidate[]) => list.filter(({ by }) => by === 'key')
  const agent = await fromAgent(route, keyring, [...ready(given)], notes)
  const known = new Set(agent?.keys.map(blob))
  const locked = []
  for (const one of [...given, ...others]) {
    if (one.by !== 'locked') continue
    const part = await keyring.publicPart(one.path)
    if (!part || !known.has(part.toString('base64'))) locked.push(one)
  }
  const viaAgent: Candidate[] = agent && agent.keys.length > 0 ? [{ by: 'agent', agent }] : []
  const rest = ready(others).filter((one) => one.by === 'key' && !known.has(blob(one.key)))
  return new Login(route, keyring, [...ready(given), ...viaAgent, ...rest, ...locked], notes)
}

async function fromFiles(
  paths: string[],
  route: Route,
  keyring: Keyring,
  notes: string[],
  named: boolean,
): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  for (const path of new Set(paths)) {
    const file = await keyring.load(path)
    if (file.state === 'ready') candidates.push({ by: 'key', path, key: file.key })
    else if (file.state === 'locked') candidates.push({ by: 'locked', path })
    else if (named) throw unusableKey(route, path, file.state === 'absent' ? 'it does not exist' : file.why)
    else if (file.state === 'unusable') notes.push(`${path}: ${file.why}`)
  }
  return candidates
}

function unusableKey(route: Route, path: string, why: string): ConnectError {
  return new ConnectError(`${route.host.name}: can't use the key ${path}: ${why}`, {
    hint: `correct 'key' of ${route.host.name} in the inventory`,
  })
}

async function fromAgent(
  route: Route,
  keyring: Keyring,
  already: Candidate[],
  notes: string[],
): Promise<SharedAgent | undefined> {
  if (route.agent === undefined) return undefined
  const tried = new Set(already.map((one) => (one.by === 'key' ? blob(one.key) : '')))
  const wanted = route.identitiesOnly ? await namedKeys(route, keyring) : undefined
  try {
    const agent = await keyring.agent(route.agent)
    return agent.only((key) => !tried.has(blob(key)) && (wanted?.has(blob(key)) ?? true))
  } catch (error) {
    notes.push(`the agent at ${route.agent} does not answer: ${(error as Error).message}`)
    return undefined
  }
}

async function namedKeys(route: Route, keyring: Keyring): Promise<Set<string>> {
  const paths = [...route.keys, ...(route.suggested ?? DEFAULT_KEYS)]
  const parts = await Promise.all(paths.map((path) => keyring.publicPart(path)))
  return new Set(parts.map((part) => part?.toString('base64') ?? ''))
}

function blob(key: ParsedKey): string {
  return key.getPublicSSH().toString('base64')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function listed(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
