import { TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'

type Names = Map<string, Json>

/** What steps have registered so far, by host; others may wait for just one value of one host. */
export class Values {
  #known = new Map<string, Names>()
  #waiting = new Map<string, ((outcome: Json | TaskError) => void)[]>()
  #failed = new Map<string, TaskError>()

  get(host: string, name: string): Json | undefined {
    return this.#known.get(host)?.get(name)
  }

  set(host: string, name: string, value: Json): void {
    const names = this.#known.get(host) ?? new Map<string, Json>()
    this.#known.set(host, names.set(name, value))
    this.#tell(host, name, value)
  }

  /** The host drops out: nobody waits for its values any longer. */
  fail(host: string): void {
    const error = new TaskError(
      `${host} failed before it could tell its values`,
      `see what failed on ${host}`,
    )
    this.#failed.set(host, error)
    for (const key of this.#waiting.keys()) {
      const [owner, name] = key.split('\0') as [string, string]
      if (owner === host) this.#tell(host, name, error)
    }
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
