import { TaskError } from '../core/errors.ts'

/** The run goes no further: this host begins no other step. */
export class Stopped extends Error {
  override name = 'Stopped'
}

interface Wait {
  /** E.g. "'token' of rpi01". */
  what: string
  /** The host it is to come from, as things stand. */
  from(): string | undefined
  reject: (error: Error) => void
}

/** Which hosts are on their way, and which of them wait for another one. When all do, nobody ever goes on. */
export class Waits {
  readonly #working = new Set<string>()
  readonly #waiting = new Map<string, Wait>()
  readonly #onWait: (delta: 1 | -1) => void
  #stopped: (() => Error) | undefined

  /** `onWait` is told how many more hosts wait: they need none of the places for hosts at work. */
  constructor(onWait: (delta: 1 | -1) => void) {
    this.#onWait = onWait
  }

  begin(hosts: string[]): void {
    for (const host of hosts) this.#working.add(host)
  }

  end(host: string): void {
    this.#working.delete(host)
    this.#look()
  }

  isWorking(host: string): boolean {
    return this.#working.has(host)
  }

  /** Nobody waits any longer, and nobody begins to. */
  stop(why: () => Error): void {
    this.#stopped = why
    for (const { reject } of this.#waiting.values()) reject(why())
  }

  /** A promise that only another host fulfils. Rejects with TaskError when it can't come, and as stop() says. */
  async hold<T>(host: string, what: string, from: Wait['from'], promise: Promise<T>): Promise<T> {
    if (this.#stopped !== undefined) throw this.#stopped()
    this.#onWait(1)
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiting.set(host, { what, from, reject })
        promise.then(resolve, reject)
        this.#look()
      })
    } finally {
      this.#waiting.delete(host)
      this.#onWait(-1)
    }
  }

  /** Looks once all that is under way has been told: a host may be about to go on. */
  #look(): void {
    setImmediate(() => {
      if (this.#working.size === 0 || ![...this.#working].every((host) => this.#waiting.has(host))) return
      const stuck = [...this.#working].filter((host) => this.#isStuck(host))
      const why = stuck.map((host) => `${host} waits for ${this.#waiting.get(host)!.what}`).join(', ')
      const error = (): TaskError =>
        new TaskError(
          `nobody can go on: ${why}`,
          'let one of these steps come before the other, on all hosts',
        )
      for (const host of stuck) this.#waiting.get(host)!.reject(error())
    })
  }

  /** Waits in a circle, or for a host that is not on its way; whoever waits for these is told by them. */
  #isStuck(host: string): boolean {
    const seen = new Set<string>()
    for (let at = this.#waiting.get(host)?.from(); at !== host; at = this.#waiting.get(at)?.from()) {
      if (at === undefined || !this.#working.has(at)) return seen.size === 0
      if (seen.has(at)) return false
      seen.add(at)
    }
    return true
  }
}
