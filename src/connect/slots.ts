/** Lets a limited number in; the others wait in line. */
export class Slots {
  #free: number
  readonly #line: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#line.push(resolve))
  }

  /** Hands the slot to the next in line. */
  give(): void {
    const next = this.#line.shift()
    if (next) next()
    else this.#free++
  }
}
