import { UsageError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Diagnostic, Place } from '../../core/place.ts'
import type { Task } from '../../core/task.ts'
import type { Spelling } from '../ansible/carryover.ts'
import { readDocument } from '../typescript/document.ts'
import { loadTask, taskNames } from '../library.ts'
import { ownTaskFiles } from '../typescript/owntaskfiles.ts'
import { Reader } from './reader.ts'
import { readVarsFile, type VarsFile } from '../varsfile.ts'

/** What is known, and what has been found out, while a playbook and all that it includes are read. */
export class Reading {
  readonly problems: Diagnostic[] = []
  readonly extraVars: JsonObject
  /** Variables of the inventory: their values depend on the host. */
  readonly ofHosts: ReadonlySet<string>
  /** Names of all tasks that come with the program. */
  readonly names: string[] = taskNames()
  /** Those that the playbook uses, and by their files those of the user's own. */
  readonly tasks = new Map<string, Task>()
  /** Every name registered anywhere, also by steps that could not be made out. */
  readonly registers = new Set<string>()
  /** What steps that could not be made out may be notified by. */
  readonly topics = new Set<string>()
  /** Each step and what its words came to, and other words of Ansible. */
  readonly spellings: Spelling[] = []
  /** Whether all files that the playbook names could be read. */
  complete = true
  readonly #open = new Map<string, Promise<Reader | undefined>>()
  readonly #through = new Map<string, Place>()
  readonly #ownFiles = new Map<string, Map<string, string>>()
  readonly #ownTasks = new Map<string, Promise<Task | undefined>>()

  constructor(extraVars: JsonObject, ofHosts: ReadonlySet<string>) {
    this.extraVars = extraVars
    this.ofHosts = ofHosts
  }

  async task(name: string): Promise<Task> {
    const task = this.tasks.get(name) ?? (await loadTask(name))
    this.tasks.set(name, task)
    return task
  }

  /** Names of all tasks where local files are looked for in these folders; the user's own may lie there, too. */
  namesIn(folders: string[]): string[] {
    return [...this.names, ...folders.flatMap((folder) => [...this.#ownIn(folder).keys()])]
  }

  /** The file of a task of the user's own; undefined when there is none of that name. */
  ownTask(folders: string[], name: string): string | undefined {
    return folders.map((folder) => this.#ownIn(folder).get(name)).find((file) => file !== undefined)
  }

  /** Loads a task of the user's own once; undefined, and reported, when that can't be done. `from` is where it is named. */
  openTask(file: string, from: Place): Promise<Task | undefined> {
    this.#comesFrom(file, from)
    const load = async (): Promise<Task> => {
      const task = await (await import('../typescript/owntasks.ts')).loadOwnTask(file)
      this.tasks.set(file, task)
      return task
    }
    const known = this.#ownTasks.get(file) ?? this.#attempt(load, from)
    this.#ownTasks.set(file, known)
    return known
  }

  #ownIn(folder: string): Map<string, string> {
    const files = this.#ownFiles.get(folder) ?? ownTaskFiles(folder)
    this.#ownFiles.set(folder, files)
    return files
  }

  /** Reads a file once; undefined, and reported, when that can't be done. `from` is where it is named. */
  open(file: string, from?: Place): Promise<Reader | undefined> {
    const read = async (): Promise<Reader> => new Reader(await readDocument(file), this.problems)
    const known = this.#open.get(file) ?? this.#attempt(read, from)
    this.#open.set(file, known)
    if (from !== undefined) this.#comesFrom(file, from)
    return known
  }

  /** Variables of a file; undefined, and reported, when it can't be read. `from` is where it is named. */
  openVars(file: string, from: Place): Promise<VarsFile | undefined> {
    this.#comesFrom(file, from)
    return this.#attempt(() => readVarsFile(file), from)
  }

  #comesFrom(file: string, from: Place): void {
    if (!this.#through.has(file)) this.#through.set(file, from)
  }

  async #attempt<T>(work: () => Promise<T>, from: Place | undefined): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      this.problems.push(...error.diagnostics.map((one) => ({ ...one, place: one.place ?? from })))
      this.complete = false
      return undefined
    }
  }

  /** The problems, each once, with the lines that led to the files they are in. */
  report(problems: Diagnostic[]): Diagnostic[] {
    const seen = new Set<string>()
    return problems.flatMap((one) => {
      const key = JSON.stringify([one.place, one.message])
      if (seen.has(key)) return []
      seen.add(key)
      return { ...one, message: one.message + this.#way(one.place?.file) }
    })
  }

  #way(file: string | undefined): string {
    const steps: string[] = []
    for (let at = this.#through.get(file ?? ''); at !== undefined; at = this.#through.get(at.file)) {
      const step = `${at.file}:${at.line}`
      if (steps.includes(step)) break
      steps.push(step)
    }
    return steps.length === 0 ? '' : ` (included by ${steps.join(', ')})`
  }
}
