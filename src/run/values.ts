import { TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import { neverTold } from '../load/scope.ts'

type Names = Map<string, Json>

/** What steps have registered so far, by host; others may wait for just one value of one host. */
export class Values {
  #known = new Map<string, Names>()
  #waiting = new Map<string, ((outcome: Json | TaskError) => void)[]>()
  #missed = new Set<string>()
  #failed = new Map<string, TaskError>()

  get(host: string, name: string): Json | undefined {
    return this.#known.get(host)?.get(name)
  }

  set(host: string, name: string, value: Json): void {
    const names = this.#known.get(host) ?? new Map<string, Json>()
    this.#known.set(host, names.set(name, value))
    this.#missed.delete(`${host}\0${name}`)
    this.#tell(host, name, value)
  }

  /** The step that registers it was left out; another one may still come. */
  miss(host: string, name: string): void {
    if (this.get(host, name) === undefined) this.#missed.add(`${host}\0${name}`)
  }

  isMissed(host: string, name: string): boolean {
    return this.#missed.has(`${host}\0${name}`)
  }

  /** The host drops out of the run: nobody waits for its values any longer. */
  fail(host: string): void {
    const error = new TaskError(
      `${host} failed before it could tell its values`,
      `see what failed on ${host}`,
    )
    this.#failed.set(host, error)
    for (const name of this.#awaited(host)) this.#tell(host, name, error)
  }

  /** The host has gone past the steps that register these names (all that are waited for if absent). */
  pass(host: string, names?: string[]): void {
    for (const name of names ?? this.#awaited(host))
      if (this.get(host, name) === undefined) this.#tell(host, name, new TaskError(neverTold(host, name)))
  }

  #awaited(host: string): string[] {
    const keys = [...this.#waiting.keys()].map((key) => key.split('\0') as [string, string])
    return keys.flatMap(([owner, name]) => (owner === host ? name : []))
  }

  hasFailed(host: string): boolean {
    return this.#failed.has(host)
  }

  wait(host: string, name: string): Promise<Json> {
    const known = this.get(host, name)
    if (known !== undefined) return Promise.resolve(known)
    const failed = this.#failed.get(host)
    if (failed !== undefined) return Promise.reject(failed)
    return new Promise((resolve, reject) => {
      const key = `${host}\0${name}`
      const waiting = this.#waiting.get(key) ?? []
      waiting.push((outcome) => (outcome instanceof TaskError ? reject(outcome) : resolve(outcome)))
      this.#waiting.set(key, waiting)
    })
  }

  #tell(host: string, name: string, outcome: Json | TaskError): void {
    const key = `${host}\0${name}`
    for (const answer of this.#waiting.get(key) ?? []) answer(outcome)
    this.#waiting.delete(key)
  }
}
