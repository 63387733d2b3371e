import type { Play, Step, Template } from '../../schemas/playbook.d.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Task } from '../core/task.ts'
import type { OwnTasks } from './provision.ts'

/** A list of plays, as a playbook in YAML holds it. */
export type Playbook = Play[]

/** A list of steps, as a file for `include_tasks` holds it. */
export type Steps = Step[]

/** Gives a playbook its types; at run time it returns what it got. */
export function definePlaybook(plays: Playbook): Playbook {
  return plays
}

/** Gives the steps of a file their types; at run time it returns what it got. */
export function defineSteps(steps: Steps): Steps {
  return steps
}

/** The keys of a step that own tasks bring along. */
export type OwnSteps = {
  [Name in keyof OwnTasks]?: OwnTasks[Name] extends Task<infer S, any> ? Written<S> : never
}

/** Arguments as they are written: defaults left out, files by their path, templates in place of any value. */
export type Written<S> = S extends { readonly enum: readonly (infer Value)[] }
  ? Value | Template
  : S extends { readonly anyOf: readonly (infer Branch)[] }
    ? Written<Branch>
    : S extends { readonly type: 'array'; readonly items: infer Item }
      ? Written<Item>[] | Template
      : S extends { readonly type: 'object' }
        ? WrittenObject<S>
        : S extends { readonly type: infer Name extends keyof Simple }
          ? Simple[Name] | Template
          : Json

interface Simple {
  string: string
  integer: number
  number: number
  boolean: boolean
}

type WrittenObject<S> = S extends { readonly properties: infer P }
  ? { -readonly [K in keyof P as K extends Required<S> ? K : never]: Written<P[K]> } & {
      -readonly [K in keyof P as K extends Required<S> ? never : K]?: Written<P[K]>
    }
  : JsonObject

type Required<S> = S extends { readonly required: readonly (infer Name)[] } ? Name : never
