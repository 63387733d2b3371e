import { dirname, resolve } from 'node:path'
import { didYouMean } from '../../base/suggest.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Names } from '../template/frame.ts'
import type { Spot } from './spot.ts'
import { MAGIC_NAMES } from '../names.ts'
import { OMIT, render } from '../template/render.ts'
import { hasTemplate } from '../template/template.ts'
import { TemplateError } from '../template/templateerror.ts'

/**
 * The value at a pointer with its templates evaluated by what holds on all hosts: variables of the play and what is
 * around, and extra variables. undefined, and reported, when it depends on more than that.
 */
export function valueBefore(spot: Spot, pointer: string, what: string, cure: string): Json | undefined {
  const value = spot.reader.get(pointer)
  if (typeof value !== 'string' || !hasTemplate(value)) return value
  try {
    return evaluateEarly(value, spot)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    spot.reader.problem(pointer, `${what} must be known before the run: ${error.message}`, error.hint ?? cure)
    return undefined
  }
}

/** Throws TemplateError when a name is not known before the run. */
export function evaluateEarly(value: Json, spot: Spot): Json {
  const names = new EarlyNames(spot)
  return render(value, names, (_, error) => {
    throw error
  })
}

class EarlyNames implements Names {
  readonly #spot: Spot
  readonly #vars: JsonObject
  readonly #open = new Set<string>()
  constructor(spot: Spot) {
    const { playVars, roleVars, vars } = spot.inherited
    this.#spot = spot
    this.#vars = { ...playVars, ...roleVars, ...vars, ...spot.reading.extraVars }
  }

  get(name: string): Json {
    if (name === 'playbook_dir') return resolve(dirname(this.#spot.play.file))
    if (name === 'omit') return OMIT
    const value = this.#find(name)
    if (this.#open.has(name)) throw new TemplateError(`'${name}' is made from itself`)
    this.#open.add(name)
    try {
      return render(value, this, (_, error) => {
        throw error
      })
    } finally {
      this.#open.delete(name)
    }
  }

  #find(name: string): Json {
    if (Object.hasOwn(this.#vars, name)) return this.#vars[name] as Json
    const { inherited, reading } = this.#spot
    const onHost = reading.ofHosts.has(name)
    if (onHost || MAGIC_NAMES.includes(name) || name.startsWith('ansible_'))
      throw new TemplateError(`'${name}' depends on the host`)
    if (inherited.outerItems.includes(name)) throw new TemplateError(`'${name}' is the item of a loop`)
    if (Object.hasOwn(inherited.defaults, name)) return inherited.defaults[name] as Json
    if (reading.registers.has(name)) throw new TemplateError(`'${name}' is registered by a step`)
    throw new TemplateError(`'${name}' is not known`, didYouMean(name, Object.keys(this.#vars)) || undefined)
  }
}
