import type { RunOptions } from './connection.ts'
import type { Streamed } from './content.ts'
import { Relay, type Way } from './relay.ts'
import type { SshLink } from './sshlink.ts'
import { runAlone } from './stream.ts'

/** What a host's jump host does for it. */
export interface Handing {
  relay: Relay
  wayTo: (load: Streamed, host: string, onOutput: RunOptions['onOutput']) => Promise<Way>
}

/** Which hosts of a run share a jump host, and could get large contents from it. */
export class Relays {
  readonly #onNotice: (message: string) => void
  readonly #carriers = new WeakMap<SshLink, SshLink>()
  readonly #relays = new Map<SshLink, Relay>()
  readonly #open = new Set<SshLink>()

  constructor(onNotice: (message: string) => void) {
    this.#onNotice = onNotice
  }

  /** A link that goes through another one. */
  behind(link: SshLink, carrier: SshLink, jump: string): void {
    this.#carriers.set(link, carrier)
    if (!this.#relays.has(carrier)) this.#relays.set(carrier, new Relay(carrier, jump, this.#onNotice))
  }

  enter(link: SshLink): void {
    this.#open.add(link)
  }

  leave(link: SshLink): void {
    this.#open.delete(link)
  }

  /** Undefined where the host is the only one: then the way over the jump host would be the longer one. */
  handing(link: SshLink): Handing | undefined {
    const carrier = this.#carrierOf(link)
    const relay = this.#relays.get(carrier)
    const sharing = [...this.#open].filter((one) => this.#carrierOf(one) === carrier)
    if (relay === undefined || sharing.length < 2) return undefined
    const address = async () => (link === carrier ? undefined : addressOfClient(link))
    const wayTo: Handing['wayTo'] = (load, host, onOutput) => relay.wayOf(load, { host, address }, onOutput)
    return { relay, wayTo }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#relays.values()].map((relay) => relay.close()))
  }

  /** A host that is nobody's jump host may stand for itself: it then has no relay. */
  #carrierOf(link: SshLink): SshLink {
    return this.#relays.has(link) ? link : (this.#carriers.get(link) ?? link)
  }
}

/** What a host calls the one it was reached from. */
async function addressOfClient(link: SshLink): Promise<string> {
  const { stdout } = await runAlone(link, 'echo "$SSH_CONNECTION"')
  const address = /^[0-9A-Fa-f.:]+(?= )/.exec(stdout.toString())?.[0]
  if (address === undefined) throw new Error('its sshd does not tell where the connection comes from')
  return address
}
