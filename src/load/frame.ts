import type { Value } from './values.ts'

/** Where names get their values: Undefined when there is none, LATE when it is not known yet. */
export interface Names {
  get(name: string): Value
}

/** Names set by `for` and `set`, on top of others. */
export class Frame implements Names {
  #own: Map<string, Value> | undefined
  readonly #outer: Names
  constructor(outer: Names) {
    this.#outer = outer
  }
  get(name: string): Value {
    return this.#own?.has(name) ? (this.#own.get(name) as Value) : this.#outer.get(name)
  }
  set(name: string, value: Value): void {
    this.#own ??= new Map()
    this.#own.set(name, value)
  }
}
