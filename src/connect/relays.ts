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

/** A host's place in the network. */
export interface Standing {
  link: SshLink
  /** The link to its jump host; its own where it has none. */
  carrier: SshLink
  /** Name of the host at the other end of the carrier. */
  gate: string
  /** Those who share the gate, the gate among them. */
  group: string
}

/** Which hosts of a run share a jump host, and could get large contents from it. */
export class Relays {
  readonly #onNotice: (message: string) => void
  readonly #relays = new Map<SshLink, Relay>()
  readonly #groups = new Map<string, Set<string>>()

  constructor(onNotice: (message: string) => void) {
    this.#onNotice = onNotice
  }

  /** A host is about to be reached; it counts from now on, for those that are reached sooner. */
  enter(group: string, host: string): void {
    this.#groups.set(group, (this.#groups.get(group) ?? new Set()).add(host))
  }

  leave(group: string, host: string): void {
    this.#groups.get(group)?.delete(host)
  }

  /** Undefined where the host is the only one: then the way over the jump host would be the longer one. */
  handing({ link, carrier, gate, group }: Standing): Handing | undefined {
    if ((this.#groups.get(group)?.size ?? 0) < 2) return undefined
    const relay = this.#relays.get(carrier) ?? new Relay(carrier, gate, this.#onNotice)
    this.#relays.set(carrier, relay)
    const address = async () => (link === carrier ? undefined : addressOfClient(link))
    const wayTo: Handing['wayTo'] = (load, host, onOutput) => relay.wayOf(load, { host, address }, onOutput)
    return { relay, wayTo }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#relays.values()].map((relay) => relay.close()))
  }
}

/** What a host calls the one it was reached from. */
async function addressOfClient(link: SshLink): Promise<string> {
  const { stdout } = await runAlone(link, 'echo "$SSH_CONNECTION"')
  const address = /^[0-9A-Fa-f.:]+(?= )/.exec(stdout.toString())?.[0]
  if (address === undefined) throw new Error('its sshd does not tell where the connection comes from')
  return address
}
