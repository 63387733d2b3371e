/**
 * Keeps calls in their order. Calls of the same lane follow each other without waiting (whatever carries them
 * keeps their order); a call of another lane waits until all before it have ended.
 */
export class Lanes {
  /** How often a call started while nothing was under way. */
  flights = 0
  readonly #active = new Set<Promise<unknown>>()
  #lane: unknown
  #gate: Promise<void> | undefined

  enter<T>(lane: unknown, work: () => Promise<T>): Promise<T> {
    if (this.#active.size === 0) this.#open(lane)
    else if (lane !== this.#lane) {
      this.#lane = lane
      this.#gate = Promise.allSettled(this.#active).then(() => {
        this.flights++
      })
    }
    const call = this.#gate ? this.#gate.then(work) : work()
    this.#active.add(call)
    const leave = () => void this.#active.delete(call)
    call.then(leave, leave)
    return call
  }

  #open(lane: unknown): void {
    this.flights++
    this.#lane = lane
    this.#gate = undefined
  }
}
