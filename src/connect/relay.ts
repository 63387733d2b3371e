import { setTimeout as delay } from 'node:timers/promises'
import type { RunOptions } from './connection.ts'
import { type Streamed, spoken, unreadable } from './content.ts'
import { openDoor, type OpenDoor } from './door.ts'
import type { Link } from './link.ts'
import { fetchCommand, removeScript, storeScript, surveyScript } from './relayscripts.ts'
import { Slots } from './slots.ts'
import { type FeedOptions, runAlone } from './stream.ts'

/** Fetches from a jump host at a time: more would only share its network. */
const MAX_FETCHES = 16

/** In milliseconds; for what comes last to be checked. */
const CLOSE_TIME = 10_000

/** A way to a content: commands that print it, and what they find on standard input. */
export interface Way {
  receive: string
  load: Streamed
}

type OnOutput = NonNullable<RunOptions['onOutput']>

/** A content on its way to the jump host, and who is told how far it is. */
interface Holding {
  /** Resolves once hosts may fetch it: what is sent in one piece they read while it comes. */
  held: Promise<Held>
  audience: Set<OnOutput>
}

interface Held {
  sha256: string
  /** The folder it lies in, on the jump host. */
  cache: string
  /** Hosts that want it and have not got it yet. */
  wanting: Set<string>
  /** Resolves once it is there, and right. */
  whole: Promise<void>
}

export interface Guest {
  host: string
  /** Asks it what it calls the jump host; undefined when it is that itself. */
  address: () => Promise<string | undefined>
}

/** A jump host that hands on large contents: each is sent to it once, and fetched from it by the hosts behind. */
export class Relay {
  readonly turns = new Slots(MAX_FETCHES)
  readonly #link: Link
  readonly #name: string
  readonly #onNotice: (message: string) => void
  readonly #holding = new Map<string, Holding>()
  readonly #doors = new Map<string, Promise<OpenDoor>>()
  readonly #all: Held[] = []
  readonly #open: OpenDoor[] = []
  #told = false
  /** Why a content did not arrive here. */
  #failure: string | undefined

  constructor(link: Link, name: string, onNotice: (message: string) => void) {
    this.#link = link
    this.#name = name
    this.#onNotice = onNotice
  }

  /** Rejects when it can't be had this way. */
  async wayOf(load: Streamed, { host, address }: Guest, onOutput: RunOptions['onOutput']): Promise<Way> {
    const { sha256 } = load
    const holding = this.#holding.get(sha256) ?? this.#begin(load)
    if (onOutput) holding.audience.add(onOutput)
    const [held, at] = await Promise.all([holding.held, address()])
    held.wanting.add(host)
    if (at === undefined) await held.whole
    if (at === undefined) return { receive: `cat -- '${held.cache}/${sha256}'`, load: spoken('') }
    const { door } = await this.#door(held.cache, at)
    return { receive: fetchCommand(door, sha256), load: spoken(door.guestKey) }
  }

  /** A host has got it, by whatever way. */
  async got(sha256: string, host: string): Promise<void> {
    const held = await this.#holding.get(sha256)?.held.catch(() => undefined)
    held?.wanting.delete(host)
  }

  /** Says once why hosts get their own copies. */
  excuse(host: string, reason: string): void {
    if (this.#told || this.#link.broken !== undefined) return
    this.#told = true
    const last = (this.#failure ?? reason)
      .trim()
      .split('\n')
      .at(-1)
      ?.replaceAll(/\p{Cc}/gu, '')
    this.#onNotice(
      `${host} can't fetch large files from ${this.#name} (${last}); they are sent to it from here`,
    )
  }

  /** Closes the doors; contents stay where somebody has not got them, for the next run. */
  async close(): Promise<void> {
    for (const door of this.#open) door.close()
    const got = this.#all.filter(({ wanting }) => wanting.size === 0)
    const whole = Promise.allSettled(got.map((held) => held.whole.then(() => held)))
    const ends = await Promise.race([whole, delay(CLOSE_TIME, [], { ref: false })])
    const done = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
    const [first] = done
    if (first === undefined || this.#link.broken !== undefined) return
    const names = done.map(({ sha256 }) => sha256)
    await this.#run(removeScript(first.cache, names), undefined, { timeout: 10 }).catch(() => undefined)
  }

  #begin(load: Streamed): Holding {
    const audience = new Set<OnOutput>()
    const held = this.#hold(load, (stream, text) => audience.forEach((tell) => tell(stream, text)))
    const holding = { held, audience }
    this.#holding.set(load.sha256, holding)
    // Whoever comes later makes a new attempt.
    held.catch(() => this.#holding.delete(load.sha256))
    return holding
  }

  async #hold(load: Streamed, onOutput: OnOutput): Promise<Held> {
    const { sha256, size } = load
    const survey = await this.#run(surveyScript(sha256, size))
    const [cache = '', have] = survey.split('\n')
    const from = Number(have)
    const whole = from < size ? this.#store(cache, from, load, onOutput) : Promise.resolve()
    whole.catch((error: Error) => {
      this.#failure = error.message
      this.#holding.delete(sha256)
    })
    if (from > 0) await whole
    const held = { sha256, cache, wanting: new Set<string>(), whole }
    this.#all.push(held)
    return held
  }

  /** The rest of what is there may be the rest of something else, after a power cut; then all of it is sent. */
  async #store(cache: string, from: number, load: Streamed, onOutput: OnOutput): Promise<void> {
    const { sha256, size } = load
    try {
      await this.#run(storeScript(cache, sha256, from, size), load, { from, onOutput })
    } catch (error) {
      if (from === 0 || this.#link.broken !== undefined) throw error
      await this.#run(storeScript(cache, sha256, 0, size), load, { onOutput })
    }
  }

  async #run(script: string, load?: Streamed, options?: FeedOptions): Promise<string> {
    const { code, stdout, stderr, readError } = await runAlone(this.#link, script, load, options)
    if (readError) throw unreadable(readError.path ?? 'it', readError)
    if (code !== 0) throw new Error(stderr.trim() || `exit code ${code}`)
    return stdout.toString()
  }

  #door(cache: string, address: string): Promise<OpenDoor> {
    const opening = this.#doors.get(address) ?? this.#openDoor(cache, address)
    this.#doors.set(address, opening)
    opening.catch(() => this.#doors.delete(address))
    return opening
  }

  async #openDoor(cache: string, address: string): Promise<OpenDoor> {
    const door = await openDoor(this.#link, cache, address)
    this.#open.push(door)
    return door
  }
}
