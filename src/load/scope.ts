import { dirname, resolve } from 'node:path'
import { didYouMean } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { FACTS } from '../probe/host.ts'
import type { BindContext, Missing } from './bind.ts'
import type { Names } from './evaluate.ts'
import { LATE } from './late.ts'
import { MAGIC_NAMES } from './names.ts'
import { isRegistered, type Moment, promised } from './promises.ts'
import type { Inventory, Step } from './program.ts'
import { OMIT, render } from './render.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { type Lookup, memberHint, type Value } from './values.ts'

/**
 * The names that templates of a step see on a host. From low to high: inventory variables (all < parent group <
 * child group < host) < play vars < step vars < registers and set facts < extra vars < what we give (`item` or the
 * loop variable, inventory_hostname, groups, hosts ...).
 *
 * Variables written in files may hold templates and are evaluated when they are looked up. Registers and facts come
 * from hosts: they are returned as they are.
 */
export class Scope implements Names, Lookup {
  readonly missing: Missing[]
  /** What the names looked up so far depend on: the host, and what may change while the run goes on. */
  readonly depends: { onHost: boolean; onTime: boolean }
  readonly #context: BindContext
  readonly #step: Step | undefined
  readonly #moment: Moment
  readonly #rendered = new Map<string, Json>()
  readonly #open = new Set<string>()

  constructor(context: BindContext, step: Step | undefined, moment: Moment, parent?: Scope) {
    this.#context = context
    this.#step = step
    this.#moment = moment
    this.missing = parent?.missing ?? []
    this.depends = parent?.depends ?? { onHost: false, onTime: false }
  }

  get(name: string): Value {
    const { host, live, program } = this.#context
    this.depends.onHost = true
    const given = this.#given(name)
    if (given !== undefined) return given
    const extra = program.extraVars
    if (extra !== undefined && Object.hasOwn(extra, name)) return this.#written(name, extra)
    const told = live.get(host.name, name)
    if (told !== undefined || isRegistered(program, name)) this.depends.onTime = true
    if (told !== undefined) return told
    const promise = promised(program, host.name, name, this.#moment)
    if (promise === true) return this.#wait(name)
    const layer = this.#layers().find((vars) => Object.hasOwn(vars, name))
    return layer === undefined ? this.#undefined(name, promise) : this.#written(name, layer)
  }

  keys(): string[] {
    const { program } = this.#context
    const layers = [program.extraVars ?? {}, ...this.#layers()]
    const loop = this.#step?.loop === undefined ? [] : [this.#step.loopVar]
    return [
      ...new Set([...layers.flatMap((vars) => Object.keys(vars)), ...MAGIC_NAMES.slice(0, -2), ...loop]),
    ]
  }

  /** From high to low. */
  #layers(): JsonObject[] {
    return [this.#step?.vars ?? {}, this.#context.play.vars, this.#context.host.vars]
  }

  #wait(name: string): Json {
    const host = this.#context.host.name
    if (!this.missing.some((one) => one.host === host && one.name === name)) this.missing.push({ host, name })
    return LATE
  }

  #written(name: string, vars: JsonObject): Value {
    const known = this.#rendered.get(name)
    if (known !== undefined) return known
    if (this.#open.has(name)) throw new TemplateError(`'${name}' is made from itself`)
    this.#open.add(name)
    try {
      const value = render(vars[name] as Json, this, (_, error) => {
        throw new TemplateError(error.message, error.hint, undefined, error.variable ?? name)
      })
      this.#rendered.set(name, value)
      return value
    } finally {
      this.#open.delete(name)
    }
  }

  #given(name: string): Value | undefined {
    const { host, program, play, check, item, live } = this.#context
    if (this.#step?.loop !== undefined && name === this.#step.loopVar) return item ?? LATE
    switch (name) {
      case 'inventory_hostname':
        return host.name
      case 'group_names':
        return host.groups.filter((group) => group !== 'all').sort()
      case 'groups':
        return groupsOf(program.inventory)
      case 'hosts':
      case 'hostvars':
        return this.#hosts()
      case 'play_hosts':
        return play.hosts
      case 'check_mode':
        this.depends.onTime = true
        return check
      case FACTS:
        if (play.gather === false)
          return new Undefined("'facts' are not gathered in this play", "remove 'gather: false'")
        this.depends.onTime = true
        return live.get(host.name, FACTS) ?? this.#wait(FACTS)
      case 'playbook_dir':
        return resolve(dirname(program.playbook))
      case 'omit':
        return OMIT
    }
    return undefined
  }

  #hosts(): Lookup {
    const { inventory } = this.#context.program
    const names = [...inventory.hosts.keys()]
    return {
      keys: () => names,
      get: (name) => {
        const host = inventory.hosts.get(name)
        if (host === undefined) return new Undefined(`there is no host '${name}'`, didYouMean(name, names))
        return new Scope({ ...this.#context, host, item: undefined }, undefined, this.#moment, this)
      },
    }
  }

  #undefined(name: string, promise: false | { later: number }): Undefined {
    if (promise !== false)
      return new Undefined(
        `'${name}' is registered only later, on line ${promise.later}`,
        'move that step up',
      )
    if (this.#context.program.leftOut?.has(name))
      return new Undefined(
        `'${name}' is registered by a step that --tags leaves out`,
        'choose that step, too',
      )
    const message = `'${name}' is not defined`
    if (name.startsWith('ansible_'))
      return new Undefined(
        message,
        "what hosts say of themselves is in facts.NAME; 'provision facts' shows it",
      )
    return new Undefined(message, memberHint(name, this.keys()))
  }
}

const groupObjects = new WeakMap<Inventory, JsonObject>()

function groupsOf(inventory: Inventory): JsonObject {
  const known = groupObjects.get(inventory) ?? Object.fromEntries(inventory.groups)
  groupObjects.set(inventory, known)
  return known
}
