import { didYouMean, nearest } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Task } from '../core/task.ts'
import { STEP_HABITS, STEP_KEYS, TASK_HABITS } from './keywords.ts'
import { explainName } from './names.ts'
import type { Step } from './program.ts'
import type { Reader } from './reader.ts'
import type { Schema } from './schemas.ts'
import { isMapping } from './values.ts'
import { pointerKey } from './plaindata.ts'

/** A step as it is written: not yet numbered. */
export type WrittenStep = Omit<Step, 'number'>

/** In seconds. */
const DEFAULT_TIMEOUT = 900

export type Tasks = ReadonlyMap<string, Task>

/** What a step takes over from its play. */
export interface Inherited {
  become: boolean
  tags: string[]
}

/** Reads steps; `names` are those of all tasks, `tasks` those that the playbook uses. */
export class StepReader {
  readonly #reader: Reader
  readonly #tasks: Tasks
  readonly #names: string[]
  constructor(reader: Reader, tasks: Tasks, names: string[]) {
    this.#reader = reader
    this.#tasks = tasks
    this.#names = names
  }

  /** A step; undefined, and reported, when it can't be made out. */
  read(pointer: string, inherited: Inherited, handler: boolean): WrittenStep | undefined {
    const reader = this.#reader
    const value = reader.get(pointer) ?? null
    if (!isMapping(value)) {
      reader.problem(pointer, 'a step must be a mapping', "write '- name: ...' with the task's name below it")
      return undefined
    }
    const task = this.#task(pointer, value, handler)
    if (handler) this.#nameOfHandler(pointer, value)
    const read = this.#keys(pointer, inherited, handler)
    if (task === undefined) return undefined
    const args = this.#args(`${pointer}/${task.name}`, task)
    if (args === undefined) return undefined
    const name = reader.text(`${pointer}/name`, "'name'") ?? defaultName(task, args)
    return { ...read, name, task, args }
  }

  #keys(
    pointer: string,
    inherited: Inherited,
    handler: boolean,
  ): Omit<WrittenStep, 'name' | 'task' | 'args'> {
    const reader = this.#reader
    const loop = this.#loop(pointer)
    return {
      when: this.#when(`${pointer}/when`),
      ...loop,
      outerItems: [],
      ignoreErrors: false,
      changedWhen: [],
      failedWhen: [],
      runOnce: false,
      environment: {},
      noLog: false,
      defaults: {},
      register: this.#register(`${pointer}/register`),
      notify: reader.texts(`${pointer}/notify`, "'notify'"),
      listen: handler ? reader.texts(`${pointer}/listen`, "'listen'") : [],
      tags: [...new Set([...inherited.tags, ...readTags(reader, pointer)])],
      vars: readVars(reader, `${pointer}/vars`),
      become: readBecome(reader, pointer) ?? inherited.become,
      timeout: this.#timeout(`${pointer}/timeout`),
      place: reader.placeOf(pointer),
      placeOf: (below) => reader.placeOf(pointer + this.#written(pointer, below)),
    }
  }

  /** A list of one may be written without the list. */
  #written(pointer: string, below: string): string {
    const single = /^\/(when|notify|tags)\/0$/.exec(below)
    return single && !Array.isArray(this.#reader.get(`${pointer}/${single[1]}`)) ? `/${single[1]}` : below
  }

  /** The one key of a step that is no keyword names its task. */
  #task(pointer: string, step: JsonObject, handler: boolean): Task | undefined {
    const reader = this.#reader
    const keywords = handler ? [...STEP_KEYS, 'listen'] : STEP_KEYS
    const others = Object.keys(step).filter((key) => !keywords.includes(key))
    const found = others.filter((key) => this.#names.includes(key))
    for (const key of others.filter((one) => !this.#names.includes(one))) {
      const habit = Object.hasOwn(STEP_HABITS, key) ? STEP_HABITS[key] : undefined
      const isTask = found.length === 0 && habit === undefined
      const message = isTask ? `there is no task '${key}'` : `'${key}' is not a key of a step`
      const hint = isTask ? this.#taskHint(key, keywords) : (habit ?? didYouMean(key, keywords))
      reader.problem(`${pointer}/${pointerKey(key)}#key`, message, hint)
    }
    const [first, second] = found
    if (others.length === 0)
      reader.problem(pointer, 'the step names no task', `add one: ${this.#names.slice(0, 30).join(', ')}`)
    if (second !== undefined)
      reader.problem(
        `${pointer}/${second}#key`,
        `the step has two tasks, '${first}' and '${second}'`,
        'make it two steps',
      )
    return first === undefined || second !== undefined ? undefined : this.#tasks.get(first)
  }

  /** Of a task that is not there: `ansible.builtin.apt` is meant as `apt`. A keyword may be mistyped as well. */
  #taskHint(key: string, keywords: string[]): string {
    const name = key.slice(key.lastIndexOf('.') + 1)
    if (this.#names.includes(name)) return `write '${name}'`
    if (Object.hasOwn(TASK_HABITS, name)) return TASK_HABITS[name]!
    const guess = nearest(key, [...this.#names, ...keywords])
    return didYouMean(key, guess === undefined ? this.#names : [guess])
  }

  #args(pointer: string, task: Task): JsonObject | undefined {
    const value = this.#reader.get(pointer) ?? {}
    if (isMapping(value)) return value
    const [main] = (task.args as Schema).required ?? Object.keys((task.args as Schema).properties ?? {})
    const hint = main === undefined ? undefined : `write '${task.name}:' and below it '${main}: ...'`
    this.#reader.problem(pointer, `the arguments of ${task.name} must be a mapping`, hint)
    return undefined
  }

  #nameOfHandler(pointer: string, step: JsonObject): void {
    if (step.name === undefined && step.listen === undefined)
      this.#reader.problem(pointer, "a handler needs a 'name' or 'listen'", 'steps notify it by that')
    if (typeof step.name === 'string' && step.name.includes('{{'))
      this.#reader.problem(`${pointer}/name`, "a handler's name can't hold a template", 'write it out')
  }

  #when(pointer: string): (string | boolean)[] {
    const reader = this.#reader
    const value = reader.get(pointer)
    const conditions = Array.isArray(value) ? value : value === undefined ? [] : [value]
    return conditions.filter((one, index): one is string | boolean => {
      if (typeof one === 'boolean' || (typeof one === 'string' && one.trim() !== '')) return true
      const at = Array.isArray(value) ? `${pointer}/${index}` : pointer
      reader.problem(at, "'when' must be an expression", 'write e.g. when: disk.free > 10')
      return false
    })
  }

  #loop(pointer: string): { loop?: Json; loopVar: string; label?: string } {
    const reader = this.#reader
    const control = `${pointer}/loop_control`
    reader.mapping(control, "'loop_control'", "'loop_var: name' or 'label: text' below it")
    if (isMapping(reader.get(control) ?? null))
      reader.unknownKeys(control, ['loop_var', 'label'], 'loop_control')
    const loop = reader.get(`${pointer}/loop`)
    const loopVar = reader.text(`${control}/loop_var`, "'loop_var'") ?? 'item'
    const wrong = loopVar === 'item' ? undefined : explainName(loopVar)
    if (wrong !== undefined) reader.problem(`${control}/loop_var`, wrong.message, wrong.hint)
    if (loop !== undefined && !Array.isArray(loop) && typeof loop !== 'string')
      reader.problem(`${pointer}/loop`, "'loop' must be a list", 'write a list, or a template that gives one')
    const usable = Array.isArray(loop) || typeof loop === 'string' ? loop : undefined
    return { loop: usable, loopVar, label: reader.text(`${control}/label`, "'label'") }
  }

  #register(pointer: string): string | undefined {
    const name = this.#reader.text(pointer, "'register'")
    const wrong = name === undefined ? undefined : explainName(name)
    if (wrong !== undefined) this.#reader.problem(pointer, wrong.message, wrong.hint)
    return name
  }

  #timeout(pointer: string): number {
    const value = this.#reader.get(pointer)
    if (value === undefined) return DEFAULT_TIMEOUT
    if (typeof value === 'number' && value > 0) return value
    this.#reader.problem(pointer, "'timeout' must be a number of seconds above 0", 'write e.g. timeout: 600')
    return DEFAULT_TIMEOUT
  }
}

export function readVars(reader: Reader, pointer: string): JsonObject {
  const vars = reader.mapping(pointer, "'vars'", "'name: value' lines below it")
  for (const name of Object.keys(vars)) {
    const wrong = explainName(name)
    if (wrong !== undefined) reader.problem(`${pointer}/${pointerKey(name)}#key`, wrong.message, wrong.hint)
  }
  return vars
}

export function readBecome(reader: Reader, pointer: string): boolean | undefined {
  const user = reader.text(`${pointer}/become_user`, "'become_user'")
  if (user !== undefined && user !== 'root')
    reader.problem(
      `${pointer}/become_user`,
      `steps can only become root, not '${user}'`,
      "remove 'become_user'",
    )
  return reader.flag(`${pointer}/become`, "'become'")
}

export function readTags(reader: Reader, pointer: string): string[] {
  return reader.texts(`${pointer}/tags`, "'tags'").flatMap((tags) => tags.split(',').map((tag) => tag.trim()))
}

/** The task and its main argument; never one that may be a secret. */
function defaultName(task: Task, args: JsonObject): string {
  const { required = [], properties = {} } = task.args as Schema
  const candidates = [...required, ...Object.keys(properties)]
  const main = candidates.find((key) => typeof args[key] === 'string' && properties[key]?.format !== 'secret')
  if (main === undefined) return task.name
  const text = (args[main] as string).split('\n', 1)[0] as string
  return `${task.name} ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`
}
