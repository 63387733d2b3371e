import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ConnectError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { HostKeyPolicy } from './hostkey.ts'
import type { Ask } from './keyring.ts'
import { KnownHosts } from './knownhosts.ts'
import type { Route } from './route.ts'
import { findRoute } from './route.ts'
import { Relays } from './relays.ts'
import type { OpenLink } from './session.ts'
import { Slots } from './slots.ts'
import type { SshLink } from './sshlink.ts'
import { SshConfig } from './sshconfig.ts'
import { openTcp } from './tcp.ts'

export interface NetworkOptions {
  lookup(name: string): Host | undefined
  knownHostsFiles: string[]
  configFile?: string
  acceptNew: boolean
  keyFile?: string
  ask?: Ask
  connectTimeout: number
  keepalive: number
  maxHandshakes: number
  onNotice(message: string): void
  onHostKey?: HostKeyPolicy['onHostKey']
}

/** All SSH connections of a run; each host has one, which also carries the connections behind it. */
export class Network {
  readonly #options: NetworkOptions
  #ssh: ReturnType<typeof loadSsh> | undefined
  readonly #config: SshConfig
  readonly #policy: HostKeyPolicy
  readonly #links = new Map<string, Promise<SshLink>>()
  /** Links that carry others; they stay open until the end. */
  readonly #carriers = new Set<SshLink>()
  readonly #handshakes: Slots
  readonly #relays: Relays

  constructor(options: NetworkOptions) {
    const { configFile, knownHostsFiles, acceptNew, onHostKey } = options
    const onNotice = options.onNotice.bind(options)
    this.#options = options
    this.#relays = new Relays(onNotice)
    this.#handshakes = new Slots(options.maxHandshakes)
    this.#config = new SshConfig(configFile ?? join(homedir(), '.ssh/config'), configFile !== undefined)
    this.#policy = { known: new KnownHosts(knownHostsFiles), acceptNew, onNotice, onHostKey }
  }

  async open(host: Host): Promise<OpenLink> {
    const { jump = host } = await this.#route(host)
    const gate = keyOf(jump) === keyOf(host) ? host : jump
    const group = keyOf(gate)
    this.#relays.enter(group, host.name)
    const link = await this.#link(host).catch((error) => {
      this.#relays.leave(group, host.name)
      throw error
    })
    const carrier = gate === host ? link : await this.#link(gate)
    const release = async () => {
      this.#relays.leave(group, host.name)
      // Whoever comes again after having left (a restarted host) needs a fresh connection.
      this.#forget(host, link)
      if (!this.#carriers.has(link)) await link.close()
    }
    const standing = { link, carrier, gate: gate.name, group }
    return { link, release, handing: () => this.#relays.handing(standing) }
  }

  async close(): Promise<void> {
    const links = await Promise.allSettled(this.#links.values())
    const open = links.flatMap((link) => (link.status === 'fulfilled' ? [link.value] : []))
    this.#links.clear()
    await this.#relays.close()
    await Promise.all([...new Set([...open, ...this.#carriers])].map((link) => link.close()))
  }

  async #link(host: Host): Promise<SshLink> {
    const key = keyOf(host)
    const current = this.#links.get(key)
    if (current) {
      const link = await current
      if (link.broken === undefined) return link
      if (this.#links.get(key) === current) this.#links.delete(key)
      return this.#link(host)
    }
    const opening = this.#connect(host)
    this.#links.set(key, opening)
    // Whoever waits for it shares the failure; whoever comes later makes a new attempt.
    opening.catch(() => this.#links.delete(key))
    return opening
  }

  #forget(host: Host, link: SshLink): void {
    const key = keyOf(host)
    void this.#links.get(key)?.then(
      (one) => one === link && this.#links.delete(key),
      () => {},
    )
  }

  async #connect(host: Host): Promise<SshLink> {
    const { connectTimeout, keepalive } = this.#options
    const route = await this.#route(host)
    const opening = this.#stream(route)
    // That there is no way to log in is told first.
    opening.catch(() => {})
    const { openSsh, login } = await this.#login(route).catch((error) => {
      void opening.then((unused) => unused.destroy()).catch(() => {})
      throw error
    })
    const sock = await opening
    await this.#handshakes.take()
    try {
      return await openSsh(route, sock, login, this.#policy, { timeout: connectTimeout, keepalive })
    } finally {
      this.#handshakes.give()
    }
  }

  async #login(route: Route) {
    const { openSsh, prepareLogin, keyring } = await (this.#ssh ??= loadSsh(this.#options.ask))
    return { openSsh, login: await prepareLogin(route, keyring) }
  }

  #route(host: Host): Promise<Route> {
    return findRoute(host, this.#config, (name) => this.#options.lookup(name), this.#options.keyFile)
  }

  async #stream(route: Route): Promise<Duplex> {
    const { connectTimeout } = this.#options
    const { jump, host } = route
    // A configuration for all hosts ("Host *") names the jump host as its own jump host too.
    if (jump === undefined || keyOf(jump) === keyOf(host)) return openTcp(route, connectTimeout)
    await this.#refuseCircle(host, jump)
    const link = await this.#link(jump).catch((error: unknown) => {
      throw error instanceof ConnectError ? jumpError(host, jump, error) : error
    })
    this.#carriers.add(link)
    return link.forward(route, connectTimeout)
  }

  /** Looked for ahead: two hosts that wait for each other's link would wait for ever. */
  async #refuseCircle(host: Host, jump: Host): Promise<void> {
    const seen = new Set([keyOf(host)])
    let at: Host | undefined = jump
    while (at) {
      const next: Host | undefined = (await this.#route(at)).jump
      if (seen.has(keyOf(at))) {
        throw new ConnectError(`${host.name}: its jump hosts lead in a circle by way of ${at.name}`, {
          hint: "correct 'jump' in the inventory or ProxyJump in ~/.ssh/config",
        })
      }
      seen.add(keyOf(at))
      at = next && keyOf(next) !== keyOf(at) ? next : undefined
    }
  }
}

/** ssh2 takes as long to load as a host in reach to answer, so the first packet leaves before. */
async function loadSsh(ask: Ask) {
  await nextTurn()
  const [{ openSsh }, { prepareLogin }, { Keyring }] = await Promise.all([
    import('./handshake.ts'),
    import('./login.ts'),
    import('./keyring.ts'),
  ])
  return { openSsh, prepareLogin, keyring: new Keyring(ask) }
}

function keyOf(host: Host): string {
  return `${host.name} ${JSON.stringify(host.connection)}`
}

function jumpError(host: Host, jump: Host, error: ConnectError): ConnectError {
  const reason = error.message.replace(`${jump.name}: `, '')
  return new ConnectError(`${host.name}: jump host ${jump.name} can't be reached: ${reason}`, {
    hint: error.hint,
    retry: error.retry,
    cause: error,
  })
}
