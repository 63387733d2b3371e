import { dirname, resolve } from 'node:path'
import { didYouMean } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { FACTS } from '../probe/host.ts'
import { ansibleFact, ansibleFacts, unknownFact } from './ansible/ansiblenames.ts'
import type { BindContext, Missing } from './bind.ts'
import type { Names } from './template/evaluate.ts'
import { LATE } from '../core/late.ts'
import { includedTemplate, lookUp } from './template/lookups.ts'
import { MAGIC_NAMES } from './names.ts'
import { isRegistered, type Moment, promised } from './promises.ts'
import type { FlowNode, Inventory, Play, Step } from './program.ts'
import { lateValue } from './check/registershapes.ts'
import { OMIT, render } from './template/render.ts'
import type { Template } from './template/template.ts'
import { TemplateError, Undefined } from './template/templateerror.ts'
import { type Lookup, memberHint, type Value } from './template/values.ts'

/**
 * The names that templates of a step see on a host. From low to high: defaults of its role < inventory variables
 * (all < parent group < child group < host) < play vars < step vars < registers and set facts < extra vars < what we give (`item` or the
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
    const missed = live.isMissed?.(host.name, name) === true
    if (promise === true && !missed) return this.#wait(name)
    const layer = this.#layers().find((vars) => Object.hasOwn(vars, name))
    if (layer !== undefined) return this.#written(name, layer)
    return this.#ofAnsible(name) ?? this.#undefined(name, promise, missed)
  }

  keys(): string[] {
    const { program } = this.#context
    const layers = [program.extraVars ?? {}, ...this.#layers()]
    const loop = this.#step?.loop === undefined ? [] : [this.#step.loopVar]
    const outer = this.#step?.outerItems ?? []
    return [
      ...new Set([
        ...layers.flatMap((vars) => Object.keys(vars)),
        ...MAGIC_NAMES.slice(0, -2),
        ...loop,
        ...outer,
      ]),
    ]
  }

  lookup(kind: string, terms: Json[], options: JsonObject): Value {
    return lookUp(kind, terms, options, this.#context.program, this.#step?.folders)
  }

  template(name: string): Template {
    return includedTemplate(name, this.#context.program, this.#step?.folders)
  }

  /** From high to low. */
  #layers(): JsonObject[] {
    const { play, host } = this.#context
    return [this.#step?.vars ?? {}, play.vars, host.vars, this.#step?.defaults ?? {}]
  }

  #wait(name: string): Json {
    const host = this.#context.host.name
    if (!this.missing.some((one) => one.host === host && one.name === name)) this.missing.push({ host, name })
    return this.#context.typed ? lateValue(this.#context.program, host, name, this.#moment) : LATE
  }

  #written(name: string, vars: JsonObject): Value {
    const known = this.#rendered.get(name)
    if (known !== undefined) return known
    if (this.#open.has(name)) throw new TemplateError(`'${name}' is made from itself`)
    this.#open.add(name)
    try {
      const value = render(vars[name] as Json, this, (_, error) => {
        throw error.within(name)
      })
      this.#rendered.set(name, value)
      return value
    } finally {
      this.#open.delete(name)
    }
  }

  #given(name: string): Value | undefined {
    const { host, program, play, check, live } = this.#context
    const own = this.#step === undefined ? undefined : this.#ofStep(name, this.#step)
    if (own !== undefined) return own
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
      case 'yes_delete_data':
        return program.deleteData ?? false
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

  /** Items, the result that a condition is about, and what a rescue makes up for. */
  #ofStep(name: string, step: Step): Value | undefined {
    const { host, play, item, outerItems, result, live } = this.#context
    if (step.loop !== undefined && name === step.loopVar) return item ?? LATE
    if (step.outerItems.includes(name)) return outerItems?.[name] ?? LATE
    if (result !== undefined && (name === 'result' || name === step.register)) return result
    if (!RESCUE_NAMES.includes(name) || !inRescue(play, step)) return undefined
    this.depends.onTime = true
    return live.get(host.name, name) ?? LATE
  }

  /** Names that Ansible gives; what a playbook or inventory calls so wins. */
  #ofAnsible(name: string): Value | undefined {
    const { host, program, play } = this.#context
    const facts = (): Value => this.get(FACTS)
    switch (name) {
      case 'ansible_facts':
        return ansibleFacts(facts)
      case 'inventory_hostname_short':
        return host.name.split('.', 1)[0]
      case 'ansible_play_hosts':
      case 'ansible_play_hosts_all':
        return play.hosts
      case 'ansible_managed':
        return 'Managed by provision: changes made here by hand are lost'
      case 'ansible_check_mode':
        return this.get('check_mode')
      case 'ansible_play_name':
        return play.name
      case 'ansible_role_name':
        return this.get('role_name')
      case 'inventory_dir':
        return resolve(dirname(program.inventory.file))
      case 'inventory_file':
        return resolve(program.inventory.file)
    }
    return name.startsWith('ansible_') ? ansibleFact(name.slice('ansible_'.length), facts) : undefined
  }

  isHost(name: Json): boolean {
    const { hosts } = this.#context.program.inventory
    return typeof name === 'string' && (hosts.has(name) || LOCALHOST.includes(name))
  }

  hostHint(name: Json): string {
    return didYouMean(typeof name === 'string' ? name : JSON.stringify(name), [
      ...this.#context.program.inventory.hosts.keys(),
      'localhost',
    ])
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

  #itemHint(name: string): string | undefined {
    if (name !== 'item' || this.#step === undefined) return undefined
    const { loop, loopVar } = this.#step
    return loop === undefined ? "only a step with 'loop' has it" : `the loop calls it '${loopVar}'`
  }

  #undefined(name: string, promise: boolean | { later: number }, missed: boolean): Undefined {
    if (missed) {
      const { name: host } = this.#context.host
      return new Undefined(neverTold(host, name), "ask by 'is defined' whether it was")
    }
    if (typeof promise !== 'boolean')
      return new Undefined(
        `'${name}' is registered only later, on line ${promise.later}`,
        'move that step up',
      )
    if (this.#context.program.leftOut?.has(name))
      return new Undefined(
        `'${name}' is registered by a step that --tags leaves out`,
        'choose that step, too',
      )
    if (name.startsWith('ansible_')) return unknownFact(name)
    return new Undefined(`'${name}' is not defined`, this.#itemHint(name) ?? memberHint(name, this.keys()))
  }
}

/** Of a name whose step was left out on a host. */
export function neverTold(host: string, name: string): string {
  return `'${name}' was not registered on ${host}: its step did not run there`
}

/** Hosts that need not be in the inventory: this machine. */
export const LOCALHOST = ['localhost', '127.0.0.1']

/** What steps of a rescue know of the failure: the step, and its result. */
export const RESCUE_NAMES = ['failed_step', 'failed_result', 'ansible_failed_task', 'ansible_failed_result']

const rescues = new WeakMap<Play, Set<number>>()

function inRescue(play: Play, step: Step): boolean {
  const known = rescues.get(play) ?? new Set(rescueSteps(play.flow, false))
  rescues.set(play, known)
  return known.has(step.number)
}

/** Numbers of the steps that run only after another one has failed. */
function rescueSteps(flow: FlowNode[], within: boolean): number[] {
  return flow.flatMap((node) => {
    if ('flush' in node) return []
    if (!('body' in node)) return within ? [node.number] : []
    const { body, rescue, always } = node
    return [...rescueSteps([...body, ...always], within), ...rescueSteps(rescue, true)]
  })
}

const groupObjects = new WeakMap<Inventory, JsonObject>()

function groupsOf(inventory: Inventory): JsonObject {
  const known = groupObjects.get(inventory) ?? Object.fromEntries(inventory.groups)
  groupObjects.set(inventory, known)
  return known
}
