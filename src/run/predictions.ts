import type { Json } from '../core/json.ts'
import type { Change, Probe } from '../core/task.ts'
import { isWithin } from '../probe/files.ts'
import { keyFor, type Look, type RunAs } from './observe.ts'

/** What a check knows of a host as planned changes would leave it. */
export class Predictions {
  /** By their keys, and by who would see them. */
  readonly #facts = new Map<string, Json>()
  readonly #personal = new Map<string, Json>()
  /** The last one that covers a path counts. */
  readonly #below: NonNullable<Change['below']>[] = []

  add({ effects, below }: Change, runAs: RunAs): void {
    if (below !== undefined) this.#bury(below)
    for (const { key, value } of effects) {
      this.#facts.set(key, value)
      this.#personal.set(keyFor(key, runAs), value)
    }
  }

  /** What was planned below the path before is over. */
  #bury(below: NonNullable<Change['below']>): void {
    this.#below.push(below)
    for (const key of this.#facts.keys())
      if (key.startsWith('file:') && isWithin(key.slice('file:'.length), below.path)) this.#facts.delete(key)
  }

  /**
   * What will be found, where it was `seen` otherwise; undefined: no planned change says anything of it. It holds for
   * whoever looks, unless it is about a command of the user's.
   */
  of(look: Look, seen: Json | undefined): Json | undefined {
    const { place } = look.probe
    const told = this.#told(look)
    const found = told === undefined ? seen : told
    if (place === undefined || (found ?? null) !== null) return told
    return this.#isMadeOnTheWay(place.path) ? place.madeOnTheWay : told
  }

  #told({ probe, key }: Look): Json | undefined {
    const told = probe.personal ? this.#personal.get(key) : this.#facts.get(probe.key)
    if (told !== undefined) return told
    return this.#whatIsBelow(probe) === 'gone' ? probe.place?.absent : undefined
  }

  /** A directory is made with those above it. */
  #isMadeOnTheWay(path: string): boolean {
    return this.keys().some((key) => key.startsWith(`file:${path}/`))
  }

  /** Whether a planned change may make it otherwise than it is seen now, in a way that can't be told. */
  isUnforeseen(look: Look): boolean {
    return this.#told(look) === undefined && this.#whatIsBelow(look.probe) === 'unforeseen'
  }

  #whatIsBelow({ place }: Probe): 'gone' | 'unforeseen' | undefined {
    return place && this.#below.findLast(({ path }) => isWithin(place.path, path))?.is
  }

  get isEmpty(): boolean {
    return this.#facts.size === 0
  }

  /** Keys of all that would be there. */
  keys(): string[] {
    return [...this.#facts].flatMap(([key, value]) => (value === null ? [] : [key]))
  }
}
