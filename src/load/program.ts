import type { Host } from '../core/host.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import type { Task } from '../core/task.ts'
import type { ReleaseSource } from './release.ts'

export interface Inventory {
  file: string
  /** In the order of the file. */
  hosts: Map<string, Host>
  /** Group name to host names, `all` included. */
  groups: Map<string, string[]>
}

/** One use of a task in a play. Strings may hold templates; `args` is as it was written. */
export interface Step {
  /** Counts from 1 within the play; handlers go on counting after the steps. */
  number: number
  /** As written, or the task's name and its main argument. */
  name: string
  task: Task
  args: JsonObject
  when: (string | boolean)[]
  loop?: Json
  loopVar: string
  label?: string
  register?: string
  notify: string[]
  listen: string[]
  tags: string[]
  vars: JsonObject
  become: boolean
  /** In seconds. */
  timeout: number
  place: Place
  /** Place of a value below the step, by JSON pointer, e.g. `/file/mode`. */
  placeOf(pointer: string): Place
}

export interface Play {
  /** Counts from 0. */
  index: number
  name: string
  /** Host names, in inventory order, after --limit. */
  hosts: string[]
  /** The same before --limit: hosts whose values may be read though they are not worked on. */
  everyHost: string[]
  steps: Step[]
  handlers: Step[]
  vars: JsonObject
  place: Place
}

/** A whole run as plain data, validated. */
export interface Program {
  /** Path of the playbook as the user gave it. */
  playbook: string
  inventory: Inventory
  plays: Play[]
  /** Variables given on the command line; they win over all others. */
  extraVars?: JsonObject
  /** Where versions of k3s become binaries. */
  releases: ReleaseSource
  warnings: Diagnostic[]
}
