import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Host } from '../core/host.ts'
import type { Connection, Connector } from './connection.ts'
import type { SudoPasswords } from './sudo.ts'
import type { ShownKey } from './hostkey.ts'
import { Session } from './session.ts'

export interface ConnectorOptions {
  /** Finds a host of the inventory by its name. */
  lookup(name: string): Host | undefined
  /** The first gets the keys of new hosts. Default: the user's and the system's. */
  knownHostsFiles?: string[]
  /** The user's SSH configuration; default ~/.ssh/config. */
  configFile?: string
  /** Trust hosts never seen before (default); otherwise they are refused. */
  acceptNew?: boolean
  /** A private key to try beside those of the inventory. */
  keyFile?: string
  /** Asks for passphrases and passwords; absent when there is nobody to ask. */
  ask?(question: string, secret: boolean): Promise<string>
  /** Seconds for the TCP connection, and again for handshake and login; default 30. */
  connectTimeout?: number
  /** Seconds between signs of life on an idle connection; default 15. */
  keepalive?: number
  /** Handshakes at the same time; default 32. On a long way most of a handshake is waiting. */
  maxHandshakes?: number
  onNotice?(message: string): void
  /** Gets each key that a host shows; true takes one that has changed, for this connection only. */
  onHostKey?(shown: ShownKey): boolean
}

/** Nothing is loaded, read or asked before the first connection needs it. */
export function createConnector(options: ConnectorOptions): Connector {
  const ask = options.ask && inTurn(options.ask.bind(options))
  const passwords = sudoPasswords(ask)
  let network: Promise<import('./network.ts').Network> | undefined
  const openNetwork = async () => {
    const { Network } = await import('./network.ts')
    return new Network({ ...defaults(), ...options, ask })
  }
  const connectLocal = async (host: Host): Promise<Connection> => {
    const { LocalLink } = await import('./local.ts')
    const link = new LocalLink()
    return new Session(host, { link, release: () => link.close() }, passwords)
  }
  return {
    async connect(host) {
      if (host.connection.kind === 'local') return connectLocal(host)
      network ??= openNetwork()
      return new Session(host, await (await network).open(host), passwords)
    },
    async close() {
      await (await network)?.close()
    },
  }
}

function defaults() {
  return {
    knownHostsFiles: [join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'],
    acceptNew: true,
    connectTimeout: 30,
    keepalive: 15,
    maxHandshakes: 32,
    onNotice: () => {},
  }
}

type Asks = (question: string, secret: boolean) => Promise<string>

/** Two prompts at a time would share one line of the terminal. */
function inTurn(ask: Asks): Asks {
  let last: Promise<unknown> = Promise.resolve()
  return (question, secret) => {
    const answer = last.then(() => ask(question, secret))
    last = answer.catch(() => {})
    return answer
  }
}

/** One question for the whole run: a cluster shares its password. */
function sudoPasswords(ask: Asks | undefined): SudoPasswords {
  let asked: Promise<string> | undefined
  let answer: string | undefined
  return {
    known: (host) => host.connection.becomePassword ?? answer,
    async ask(host) {
      if (!ask) return undefined
      asked ??= ask(`sudo password (first needed on ${host.name}): `, true)
      return (answer = await asked)
    },
  }
}
