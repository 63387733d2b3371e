import { isPlaceholder } from '../../base/redact.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Diagnostic } from '../../core/place.ts'
import type { Names } from '../template/evaluate.ts'
import type { Written, WrittenVars } from './inventorymodel.ts'
import { isLate } from '../../core/late.ts'
import { render } from '../template/render.ts'
import { TemplateError, Undefined } from '../template/templateerror.ts'
import { memberHint, type Value } from '../template/values.ts'

interface Surroundings {
  written: { problems: Diagnostic[] }
  groups: Map<string, string[]>
  extraVars: JsonObject | undefined
}

/** The variables with the named ones evaluated; what can't be is reported and left out. */
export function evaluateVars(
  host: string,
  vars: WrittenVars,
  names: string[],
  around: Surroundings,
): WrittenVars {
  const result = new Map(vars)
  for (const name of names) {
    const written = vars.get(name) as Written
    try {
      const value = secretBehind(written, vars) ?? new HostNames(host, vars, around).evaluate(written)
      if (isLate(value)) throw new TemplateError('a secret can be used here only as the whole value')
      result.set(name, { ...written, value })
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      const { message, hint } = error
      around.written.problems.push({ severity: 'error', place: written.place, message, hint })
      result.delete(name)
    }
  }
  return result
}

/** A secret is looked up when connecting, so a variable that is just another one's value stands for it till then. */
function secretBehind({ value }: Written, vars: WrittenVars): Json | undefined {
  const text = typeof value === 'string' ? value : ''
  const [, name] = /^\s*\{\{\s*(\w+)\s*\}\}\s*$/.exec(text) ?? []
  const behind = vars.get(name ?? '')?.value
  return typeof behind === 'string' && isPlaceholder(behind) ? behind : undefined
}

/** What is known of a host before anything else is: its variables, extra variables, its name and its groups. */
class HostNames implements Names {
  readonly #host: string
  readonly #vars: WrittenVars
  readonly #around: Surroundings
  readonly #open = new Set<Written>()
  constructor(host: string, vars: WrittenVars, around: Surroundings) {
    this.#host = host
    this.#vars = vars
    this.#around = around
  }

  get(name: string): Value {
    if (name === 'inventory_hostname') return this.#host
    if (name === 'inventory_hostname_short') return this.#host.replace(/\..*/s, '')
    if (name === 'group_names')
      return (this.#around.groups.get(this.#host) ?? []).filter((one) => one !== 'all').sort()
    const { extraVars = {} } = this.#around
    if (Object.hasOwn(extraVars, name)) return extraVars[name] as Value
    const written = this.#vars.get(name)
    if (written === undefined)
      return new Undefined(`'${name}' is not defined`, memberHint(name, [...this.#vars.keys()]))
    return this.evaluate(written)
  }

  evaluate(written: Written): Json {
    if (this.#open.has(written)) throw new TemplateError('this is made from itself')
    this.#open.add(written)
    const value = render(written.value, this, (_, error) => {
      throw error
    })
    this.#open.delete(written)
    return value
  }
}
