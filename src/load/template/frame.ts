import type { Json, JsonObject } from '../../core/json.ts'
import { TemplateError } from './templateerror.ts'
import type { Macro, Template } from './templatenodes.ts'
import type { Value } from './values.ts'

/** Where names get their values: Undefined when there is none, LATE when it is not known yet. */
export interface Names {
  get(name: string): Value
  /** `lookup(kind, terms)`; absent where nothing can be looked up. Throws TemplateError. */
  lookup?(kind: string, terms: Json[], options: JsonObject): Value
  /** A template that another one includes. Throws TemplateError. */
  template?(name: string): Template
}

/** A macro together with the names around its definition. */
export interface Defined {
  macro: Macro
  frame: Frame
}

/** Names set by `for`, `set` and macros, on top of others. */
export class Frame implements Names {
  #own: Map<string, Value> | undefined
  #macros: Map<string, Defined> | undefined
  readonly #outer: Names
  readonly #depth: number

  constructor(outer: Names, depth = outer instanceof Frame ? outer.depth + 1 : 0) {
    this.#outer = outer
    this.#depth = depth
  }

  /** How many frames lie below. */
  get depth(): number {
    return this.#depth
  }

  get(name: string): Value {
    return this.#own?.has(name) ? (this.#own.get(name) as Value) : this.#outer.get(name)
  }

  set(name: string, value: Value): void {
    this.#own ??= new Map()
    this.#own.set(name, value)
  }

  macro(name: string): Defined | undefined {
    return this.#macros?.get(name) ?? (this.#outer instanceof Frame ? this.#outer.macro(name) : undefined)
  }

  define(macro: Macro, frame: Frame = this): void {
    this.#macros ??= new Map()
    this.#macros.set(macro.name, { macro, frame })
  }

  lookup(kind: string, terms: Json[], options: JsonObject): Value {
    if (this.#outer.lookup === undefined) throw new TemplateError('nothing can be looked up here')
    return this.#outer.lookup(kind, terms, options)
  }

  template(name: string): Template {
    if (this.#outer.template === undefined) throw new TemplateError('no file can be included here')
    return this.#outer.template(name)
  }
}
