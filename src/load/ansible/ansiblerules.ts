import type { Json, JsonObject } from '../../core/json.ts'

/** What becomes of one argument of a module. Without any of these it is refused. */
export interface Rule {
  /** Name of the argument here; undefined: there is none. */
  to?: string
  /** Values that say what holds here anyway; any other value is refused unless `to` says where it goes. */
  harmless?: Json[] | 'any'
  /** Values that are called otherwise here. */
  words?: Record<string, Json>
  /** Values that have no counterpart, and what to write instead. */
  refused?: Record<string, string>
  /** What to write instead of the argument. */
  cure?: string
  /** A text may be a list whose items commas part. */
  commas?: true
  /** What is not quite the same here. */
  note?: string
}

/** A module of Ansible in terms of one of our tasks. */
export interface Module {
  /** Name of our task. */
  task: string
  /** By Ansible's name; arguments that are not listed have the same name and meaning here. */
  args: Record<string, Rule>
  /** Argument that a bare text stands for. */
  free?: string
  /** Argument that takes all those without a rule, by their names; default: they keep their places. */
  others?: string
  /** What is not quite the same here, whatever the arguments. */
  note?: string
  /** What depends on several arguments together. */
  adapt?(draft: Draft): void
}

/** Where an argument is written, seen from the step. */
export interface Written {
  pointer: string
  /** In a short form: how many characters of its text stand before the name. */
  keyShift?: number
  /** The same of the value. */
  shift?: number
}

/** An argument as the user gave it. */
export interface Given extends Written {
  name: string
  value: Json
  /** From a short form: everything there is text. */
  bare?: true
}

/** Arguments on their way from Ansible's words to ours. */
export class Draft {
  task: string
  readonly key: string
  readonly given: Given[]
  readonly args: JsonObject = {}
  /** By pointer within the arguments. */
  readonly places = new Map<string, Written>()
  readonly notes = new Set<string>()
  readonly refusals: { at: string; shift: number; message: string; hint: string }[] = []
  /** Whether anything is written in Ansible's way. */
  foreign = false

  constructor(task: string, key: string, given: Given[]) {
    this.task = task
    this.key = key
    this.given = given
  }

  /** What the user wrote under any of these names. */
  written(...names: string[]): Given | undefined {
    return this.given.find(({ name }) => names.includes(name))
  }

  set(name: string, value: Json, from: Written): void {
    // A key may be called __proto__, too.
    Object.defineProperty(this.args, name, { value, enumerable: true, writable: true, configurable: true })
    this.places.set(`/${name}`, from)
  }

  refuse(
    { pointer, bare, keyShift = 0 }: Omit<Given, 'name' | 'value'>,
    message: string,
    hint: string,
  ): void {
    this.foreign = true
    this.refusals.push({ at: bare ? pointer : `${pointer}#key`, shift: keyShift, message, hint })
  }
}
