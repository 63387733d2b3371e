import type { Become, Host } from '../core/host.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import type { Task } from '../core/task.ts'
import type { ReleaseSource } from './file/release.ts'

export interface Inventory {
  file: string
  /** In the order of the file. */
  hosts: Map<string, Host>
  /** Group name to host names, `all` included. */
  groups: Map<string, string[]>
  /** Where each host's variables are written, from the weakest to the strongest. */
  layers?: Map<string, VarLayer[]>
}

/** From the weakest to the strongest: a later level wins. */
export const VAR_LEVELS = ['role defaults', 'inventory', 'play', 'step', 'registered', 'extra'] as const
export type VarLevel = (typeof VAR_LEVELS)[number]

/** Variables written together in one place. */
export interface VarLayer {
  level: VarLevel
  /** What it is, for people: "group agents", "vars of the play". */
  title: string
  vars: JsonObject
  placeOf(name: string): Place
}

/** Repeats a step that failed, or whose result is not yet what it should be. Never after a lost connection. */
export interface Retry {
  /** Expression over the step's result; absent: until it does not fail. */
  until?: string | boolean
  /** Tries after the first. */
  retries: number
  /** In seconds, before the first retry. */
  delay: number
  /** The pause grows by this factor with each retry. */
  backoff: number
}

/** A list to run something for; `loopVar` names the current item. */
export interface Loop {
  /** undefined: once, without an item. */
  loop?: Json
  loopVar: string
  label?: string
}

/** One use of a task in a play. Strings may hold templates; `args` is as it was written. */
export interface Step extends Loop {
  /** Counts from 1 within the play; handlers go on counting after the steps. */
  number: number
  /** As written, or the task's name and its main argument. */
  name: string
  task: Task
  args: JsonObject
  when: (string | boolean)[]
  /** Names of the items of the looping blocks around it, outermost first. */
  outerItems: string[]
  register?: string
  retry?: Retry
  /** A failure is reported and the host goes on. */
  ignoreErrors: boolean
  /** Expressions over the result that decide in the task's place; empty: the task's own word counts. */
  changedWhen: (string | boolean)[]
  failedWhen: (string | boolean)[]
  /** One host of the batch runs it for all; the others wait for it and share what it registers. */
  runOnce: boolean
  /** Name of the host, or a template of it, on which the step runs with this host's values. */
  delegateTo?: string
  /** Values may hold templates; set for everything that the step runs. */
  environment: JsonObject
  /** Its arguments are masked by value, and neither output nor diff is shown. */
  noLog: boolean
  /** Defaults of the role that it belongs to: weaker than any other variable. */
  defaults: JsonObject
  notify: string[]
  listen: string[]
  tags: string[]
  /** Its own, and those of the blocks, includes and the role around it. */
  vars: JsonObject
  /** Where its local files are looked for, the nearest first; absent: beside the playbook. */
  folders?: string[]
  become: Become
  /** In seconds. */
  timeout: number
  place: Place
  /** Place of a value below the step, by JSON pointer, e.g. `/file/mode`. */
  placeOf(pointer: string): Place
}

/** Steps that stand or fall together on a host. Its keywords (when, vars, tags, become ...) are in its steps already. */
export interface Block extends Loop {
  body: FlowNode[]
  /** Runs when a step of `body` has failed (not when the host is unreachable), and makes up for it. */
  rescue: FlowNode[]
  /** Runs in any case, last. */
  always: FlowNode[]
  /** What a loop is evaluated with: the moment of its first step, with the variables and conditions of the block. */
  first: Step
}

/** Runs the handlers notified so far. */
export interface Flush {
  flush: true
}

export type FlowNode = Step | Block | Flush

export interface Play {
  /** Counts from 0. */
  index: number
  name: string
  /** Host names, in inventory order, after --limit. */
  hosts: string[]
  /** The same before --limit: hosts whose values may be read though they are not worked on. */
  everyHost: string[]
  /** All steps in the order they are written, those inside blocks too. */
  steps: Step[]
  /** How they run. */
  flow: FlowNode[]
  handlers: Step[]
  /** Must hold on each host of a batch before the next batch begins; counted after the handlers. */
  gate: Step[]
  vars: JsonObject
  /** Where the play's variables and its roles' defaults are written, from the weakest to the strongest. */
  layers: VarLayer[]
  /** Sizes of the batches, the last one repeated: a number of hosts, or a percentage "25%". Empty: all at once. */
  serial: (number | string)[]
  /** More failed hosts of a batch than this end the run; undefined: no limit. */
  maxFailPercentage?: number
  /** One failed host ends the run for all. */
  anyErrorsFatal: boolean
  /** false: its templates use no facts. */
  gather?: boolean
  /** A question to be answered with yes before anything is changed. */
  confirm?: string
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
  /** Value of `yes_delete_data`: agreed on the command line, for no file can agree to that. */
  deleteData?: boolean
  /** Names that only steps register which --tags or --skip-tags leave out. */
  leftOut?: ReadonlySet<string>
  /** Where versions of k3s become binaries. */
  releases: ReleaseSource
  warnings: Diagnostic[]
}
