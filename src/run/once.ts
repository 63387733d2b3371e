import type { Json, JsonObject } from '../core/json.ts'
import type { FlowNode, Step } from '../load/program.ts'
import { stepsIn } from './nodes.ts'
import type { Waits } from './waits.ts'

/** What came of a step that one host has run for all. */
export interface Shared {
  /** Name of the host that ran it. */
  by: string
  /** What it made known: registers and variables. */
  values: [string, Json][]
  failed: boolean
}

/** Steps that a host will not come to any more, for these items of the blocks around them. */
interface Passed {
  host: string
  numbers: Set<number>
  items: JsonObject
}

/** Which host of a batch runs what is to be run once, and what came of it. */
export class Once {
  readonly #hosts: string[]
  readonly #waits: Waits
  readonly #results = new Map<string, Shared | 'running'>()
  readonly #passed: Passed[] = []
  readonly #runners = new Map<string, string>()
  #sleeping: (() => void)[] = []

  /** `hosts` in the order in which they are to run it. */
  constructor(hosts: string[], waits: Waits) {
    this.#hosts = hosts
    this.#waits = waits
  }

  /**
   * Resolves with what another host has come to, or with undefined: then this host runs it, and calls done(). A
   * handler is run by the first host that comes to it (`anybody`): who has been notified is not known beforehand.
   */
  async take(
    host: string,
    step: Step,
    items: JsonObject,
    key: string,
    anybody: boolean,
  ): Promise<Shared | undefined> {
    for (;;) {
      const result = this.#results.get(key)
      if (result !== undefined && result !== 'running') return result
      const next = (): string | undefined =>
        this.#runners.get(key) ?? (anybody ? host : this.#hosts.find((one) => this.#comes(one, step, items)))
      if (next() === host) {
        this.#results.set(key, 'running')
        this.#runners.set(key, host)
        return undefined
      }
      const told = new Promise<void>((resolve) => this.#sleeping.push(resolve))
      await this.#waits.hold(host, `${next()} to run '${step.name}' for all`, next, told)
    }
  }

  done(key: string, shared: Shared): void {
    this.#results.set(key, shared)
    this.#tell()
  }

  /** The host will not come to these steps. */
  pass(host: string, nodes: FlowNode[], items: JsonObject): void {
    const once = stepsIn(nodes).filter(({ runOnce }) => runOnce)
    const numbers = new Set(once.map((step) => step.number))
    if (numbers.size === 0) return
    this.#passed.push({ host, numbers, items })
    this.#tell()
  }

  /** The host has ended the play. */
  leave(): void {
    this.#tell()
  }

  #comes(host: string, step: Step, items: JsonObject): boolean {
    if (!this.#waits.isWorking(host)) return false
    return !this.#passed.some(
      (one) => one.host === host && one.numbers.has(step.number) && isWithin(items, one.items),
    )
  }

  #tell(): void {
    for (const wake of this.#sleeping.splice(0)) wake()
  }
}

function isWithin(items: JsonObject, outer: JsonObject): boolean {
  return Object.entries(outer).every(([name, item]) => JSON.stringify(items[name]) === JSON.stringify(item))
}
