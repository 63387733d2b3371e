import type { JsonObject } from '../../core/json.ts'
import type { Place } from '../../core/place.ts'
import type { Step, VarLayer } from '../program.ts'
import type { Reader } from './reader.ts'
import type { Reading } from './reading.ts'

/** In seconds. */
const DEFAULT_TIMEOUT = 900

/** Where a value, or something below it, was written. */
export type Origin = (below: string) => Place

/** What a step takes over from all that is around it: blocks, includes, the role, the play. */
export interface Inherited {
  when: (string | boolean)[]
  /** Of blocks and includes; stronger than those of the role, and these than those of the play. */
  vars: JsonObject
  roleVars: JsonObject
  playVars: JsonObject
  defaults: JsonObject
  tags: string[]
  notify: string[]
  become: boolean
  becomeUser?: string
  environment: JsonObject
  noLog: boolean
  ignoreErrors: boolean
  runOnce: boolean
  delegateTo?: string
  timeout: number
  outerItems: string[]
  /** Folders of local files, the nearest first. */
  folders: string[]
  /** Where values were written, by their pointer as seen from the step, e.g. /vars/x. */
  origins: ReadonlyMap<string, Origin>
  /** Files and roles that are being read, the outermost first. */
  trail: string[]
}

/** A play while it is read. */
export interface Surroundings {
  /** The playbook that it stands in. */
  file: string
  /** Of the roles. */
  handlers: WrittenStep[]
  layers: VarLayer[]
  /** Roles whose handlers have been read. */
  handled: Set<string>
  /** Uses of roles that are not repeated. */
  used: Set<string>
}

/** Something to be read: where, and what is around it. */
export interface Spot {
  reading: Reading
  reader: Reader
  play: Surroundings
  inherited: Inherited
}

/** A step as it is written: not yet numbered. */
export type WrittenStep = Omit<Step, 'number'>

export const NOTHING_AROUND: Inherited = {
  when: [],
  vars: {},
  roleVars: {},
  playVars: {},
  defaults: {},
  tags: [],
  notify: [],
  become: false,
  environment: {},
  noLog: false,
  ignoreErrors: false,
  runOnce: false,
  timeout: DEFAULT_TIMEOUT,
  outerItems: [],
  folders: [],
  origins: new Map(),
  trail: [],
}
