import type { JsonObject } from './json.ts'

/** A host of the inventory with the variables that hold for it. Durations are in seconds. */
export interface Host {
  name: string
  /** Names of all groups it is in, nearest first, `all` last. */
  groups: string[]
  vars: JsonObject
  connection: ConnectionOptions
}

/** How to reach a host; what is absent comes from ~/.ssh/config, then from the defaults. */
export interface ConnectionOptions {
  kind: 'ssh' | 'local'
  address?: string
  port?: number
  user?: string
  /** Path of a private key; `~` is expanded. */
  key?: string
  /** Name of an inventory host, or [user@]address[:port]. */
  jump?: string
  becomePassword?: string
  /** Decides in place of what steps say, whether they run as another user; absent: steps decide. */
  become?: boolean
  /** Decides in place of what steps say, as whom they run when they become somebody. */
  becomeUser?: string
}

/** Whom a script runs as: false the login user, true root, else the user of that name. */
export type Become = boolean | string

/** As whom a step runs on a host: the inventory's word on becoming wins over the step's, as in Ansible. */
export function becomeOn({ connection }: Host, wanted: Become): Become {
  const become = connection.become === undefined ? wanted : connection.become && (wanted || true)
  return become && (connection.becomeUser ?? become)
}
