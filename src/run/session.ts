import type { Connection, Connector } from '../connect/connection.ts'
import { ConnectError, ConnectionLost, Interrupted, TaskError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import { orInterrupted, pause } from './pause.ts'
import { failureOf } from './failure.ts'
import { keyFor, type Look, type Observation, observe, type RunAs } from './observe.ts'
import { Predictions } from './predictions.ts'
import type { Emit } from './stream.ts'

export interface SessionOptions {
  connector: Connector
  emit: Emit
  signal: AbortSignal
  onSecret: (secret: string) => void
  /** Takes the host's lock under these words; absent: never. */
  lockAs?: string
  /** Who holds the lock of a machine for this run: it may stand in the inventory under several names. */
  holders: Map<string, Session>
  /** The lock is taken as soon as the host is reached, else before the first change. */
  lockAtOnce: boolean
  /** Whether steps change this host as root. */
  root: boolean
}

/** Attempts to connect before a host counts as unreachable, and the pause before the second one. */
const ATTEMPTS = 4
const FIRST_PAUSE_MS = 1000

/** One host during a run: its connection, and what is known about it. */
export class Session {
  readonly host: Host
  readonly #facts = new Map<string, Observation>()
  /** Facts that come from a planned change and not from the host. */
  readonly predictions = new Predictions()
  /** Something opaque was planned: what follows in this check is provisional. */
  provisional = false
  /** How many changes the run had made when this host was last looked at on behalf of another one. */
  seenAtChange = 0
  /** Handlers to run at the end of the play, by id. */
  readonly notified = new Set<string>()
  /** Handlers that the host itself has a note of. */
  readonly noted = new Set<string>()
  /** It outlives changes, for what is written to has another stamp, but no restart: then the disk is read. */
  readonly verified = new Map<string, string>()
  readonly #options: SessionOptions
  #connection: Promise<Connection> | undefined
  #closedTrips = 0
  #open: Connection | undefined
  #locked: Promise<void> | undefined
  #closed = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(host: Host, options: SessionOptions) {
    this.host = host
    this.#options = options
  }

  get root(): boolean {
    return this.#options.root
  }

  get roundTrips(): number {
    return this.#closedTrips + (this.#open?.roundTrips ?? 0)
  }

  /** Opens the connection, or returns the open one. Rejects with ConnectError once all attempts are used up. */
  connection(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new Interrupted())
    if (this.#open?.isBroken) this.#leave(this.#open)
    this.#connection ??= this.#connect()
    // The first user awaits it; until then a failure must not count as unhandled.
    this.#connection.catch(() => undefined)
    return this.#connection
  }

  /** It died while nothing ran on it, as those behind a jump host that was restarted: what comes now starts anew. */
  #leave(broken: Connection): void {
    this.#closedTrips += broken.roundTrips
    this.#open = undefined
    this.verified.clear()
    this.#connection = undefined
    broken.close().catch(() => undefined)
  }

  async #connect(): Promise<Connection> {
    const { connector, emit, signal } = this.#options
    const host = this.host.name
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw new Interrupted()
      const start = Date.now()
      emit({ type: 'host-connecting', host, attempt })
      try {
        this.#open = await orInterrupted(connector.connect(this.host), signal)
        this.#locked = this.#options.lockAtOnce ? this.#lock(this.#open) : undefined
        emit({ type: 'host-connected', host, ms: Date.now() - start })
        return this.#open
      } catch (error) {
        if (!(error instanceof ConnectError) || !error.retry || attempt === ATTEMPTS) throw error
        const waitMs = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2)
        emit({ type: 'host-retry', host, attempt, failure: failureOf(error), waitMs: Math.round(waitMs) })
        await pause(waitMs, signal)
      }
    }
  }

  /** Resolves when the lock is ours; rejects with TaskError when another run holds it. */
  async locked(): Promise<void> {
    const connection = await this.connection()
    await (this.#locked ??= this.#lock(connection))
  }

  /** One step after the other on a host, for whichever hosts they are: what one has seen another may change. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  #lock(connection: Connection): Promise<void> {
    const { lockAs: owner, holders } = this.#options
    if (owner === undefined) return Promise.resolve()
    const machine = machineOf(this.host)
    const first = holders.get(machine) ?? this
    holders.set(machine, first)
    if (first !== this) return handled(first.locked())
    const locked = connection.lock(owner, { become: this.#options.root }).then((holder) => {
      if (holder === null) return
      if (holder === owner) {
        throw new TaskError(
          `the connection to ${this.host.name} broke; what was under way still runs there`,
          'wait for it to end, then run the playbook again',
        )
      }
      throw new TaskError(
        `another run is working on ${this.host.name}${holder && `: ${holder}`}`,
        'wait for it to end, or stop it',
      )
    })
    return handled(locked)
  }

  /**
   * Looks at what is wanted and not known yet, in one flight with what will be wanted next (`ahead`, asked for only
   * if there is anything to look at). A look that lost its connection is repeated once on a new one.
   */
  async look(wanted: Look[], ahead: () => Look[] = () => []): Promise<void> {
    try {
      await this.lookOnce(wanted, ahead)
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error
      await this.disconnect()
      await this.lookOnce(wanted, ahead)
    }
  }

  /** As look(), but a lost connection is left to the caller. */
  async lookOnce(wanted: Look[], ahead: () => Look[] = () => []): Promise<void> {
    const unknown = (look: Look) => this.fact(look) === undefined
    if (!wanted.some(unknown)) return
    const missing = [...wanted, ...ahead()].filter(unknown)
    const connection = await this.connection()
    const { onSecret, signal } = this.#options
    const looking = observe(connection, missing, this.verified, onSecret, signal)
    const [facts] = await Promise.all([looking, this.#locked])
    for (const [key, fact] of facts) this.#facts.set(key, fact)
  }

  /** What is known of it, if anything. */
  fact(look: Look): Observation | undefined {
    const value = this.#prediction(look)
    return value === undefined ? this.#facts.get(look.key) : { value }
  }

  #prediction(look: Look): Json | undefined {
    const seen = this.#facts.get(look.key)
    return this.predictions.of(look, seen && 'value' in seen ? seen.value : undefined)
  }

  isPredicted(look: Look): boolean {
    return this.#prediction(look) !== undefined
  }

  /** What an action itself has told. */
  keep(key: string, value: Json, runAs: RunAs): void {
    this.#facts.set(keyFor(key, runAs), { value })
  }

  /** After a change nothing seen before it counts any more. */
  forget(looks?: Look[]): void {
    if (looks === undefined) this.#facts.clear()
    else for (const look of looks) this.#facts.delete(look.key)
  }

  /** For good: what is under way does not connect again. */
  close(): Promise<void> {
    this.#closed = true
    return this.disconnect()
  }

  async disconnect(): Promise<void> {
    const opening = this.#connection
    this.#connection = undefined
    this.verified.clear()
    const open = await opening?.catch(() => undefined)
    if (open === undefined) return
    this.#closedTrips += open.roundTrips
    this.#open = undefined
    await open.close()
  }
}

/** What the lock of a host is about; whom we log in as is no matter. */
function machineOf({ name, connection }: Host): string {
  const { kind, address = name, port, jump } = connection
  return kind === 'local' ? kind : JSON.stringify([address, port, jump])
}

/** It travels with the first look, which awaits it. */
function handled(locked: Promise<void>): Promise<void> {
  locked.catch(() => undefined)
  return locked
}
