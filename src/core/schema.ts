import type { ArchiveEntry } from '../base/tar.ts'
import type { Json, JsonObject } from './json.ts'

/** A file on the controller that an argument names; read before anything is contacted. */
export interface LocalFile {
  path: string
  /** In bytes. */
  size: number
  sha256: string
  /** The content if it is UTF-8 text of at most 64 KiB, else null. */
  text: string | null
  /** The content, where that is not what lies at `path` because the file there is encrypted. */
  base64?: string
  /** What an archive is made of that is not itself a file. */
  entries?: ArchiveEntry[]
  /** Where it is fetched from once it is needed and not yet at `path`. */
  origin?: string
}

/** A directory on the controller; it travels as one tar archive, whose size and hash these are. */
export interface LocalDirectory extends LocalFile {
  text: null
  /** What the archive holds, sorted by name; what a .dockerignore in the directory leaves out is not among it. */
  entries: ArchiveEntry[]
}

/** A release of k3s; its binaries by architecture, as k3s names them: amd64, arm64, armhf. */
export interface K3sRelease {
  version: string
  /** Empty when there is a problem. */
  binaries: Record<string, LocalFile>
  /** Why no binary can be had; it matters only to a host that needs one. */
  problem?: string
}

/** A JSON Schema (draft 2020-12) of a task's arguments. */
export interface ArgsSchema {
  readonly type: 'object'
  readonly additionalProperties: false
  readonly required?: readonly string[]
  readonly properties: { readonly [name: string]: object }
  readonly [keyword: string]: unknown
}

/** A JSON Schema of a value in the result of a task, as far as templates can be checked with it. */
export interface ResultValue {
  readonly type: string | readonly string[]
  readonly description?: string
  readonly items?: ResultValue
  /** All that there is; other names are mistakes. */
  readonly properties?: { readonly [name: string]: ResultValue }
  /** What lies under names that are not known beforehand. */
  readonly additionalProperties?: ResultValue
}

/** The names in a task's result. Each may be absent, e.g. when the step was skipped. */
export interface ResultSchema {
  readonly [name: string]: ResultValue & { readonly description: string }
}

/** The type of the values that a schema allows, as far as tasks use schemas; any JSON beyond that. */
export type ValueOf<S> = S extends { readonly const: infer Value }
  ? Value
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : S extends { readonly anyOf: readonly (infer Branch)[] }
      ? ValueOf<Branch>
      : S extends { readonly type: 'string'; readonly format: 'local-file' | 'local-path' | 'template-file' }
        ? LocalFile
        : S extends { readonly type: 'string'; readonly format: 'local-directory' }
          ? LocalDirectory
          : S extends { readonly type: 'string'; readonly format: 'k3s-release' }
            ? K3sRelease
            : S extends { readonly type: 'array'; readonly items: infer Item }
              ? ValueOf<Item>[]
              : S extends { readonly type: 'object' }
                ? ObjectOf<S>
                : S extends { readonly type: infer Name extends keyof Simple }
                  ? Simple[Name]
                  : Json

interface Simple {
  string: string
  integer: number
  number: number
  boolean: boolean
  null: null
  array: Json[]
}

type ObjectOf<S> = S extends { readonly properties: infer P }
  ? { -readonly [K in keyof P as K extends Present<S, P> ? K : never]: ValueOf<P[K]> } & {
      -readonly [K in keyof P as K extends Present<S, P> ? never : K]?: ValueOf<P[K]>
    }
  : S extends { readonly additionalProperties: infer Value extends object }
    ? { [name: string]: ValueOf<Value> }
    : JsonObject

/** Names of the properties that are always there: those required, and those with a default, which is filled in. */
type Present<S, P> =
  | (S extends { readonly required: readonly (infer Name)[] } ? Name : never)
  | { [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never }[keyof P]
