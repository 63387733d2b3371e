import type { Json } from './json.ts'
import type { ArgsSchema, LocalFile, ResultSchema, ValueOf } from './schema.ts'

export type {
  ArgsSchema,
  K3sRelease,
  LocalDirectory,
  LocalFile,
  ResultSchema,
  ResultValue,
} from './schema.ts'

/** What a script printed; `code` is its exit status, 0 to 255. */
export interface Output {
  code: number
  stdout: Buffer
  stderr: string
  /** When it arrived, by the clock of the controller, in milliseconds since the epoch; known of probes only. */
  at?: number
}

/**
 * One script that looks at many subjects at once, so that twenty files cost one process and not twenty.
 * `script` is POSIX sh and read-only; it gets every distinct subject asked for in one look.
 */
export interface Survey {
  name: string
  script(subjects: string[], verified?: Verified): string
}

/** Contents verified in this run: SHA-256 by the stamp of the file, which does not stay when something is written to it. */
export type Verified = ReadonlyMap<string, string>

/**
 * One thing looked at on a host. Probes with the same `key` are the same look.
 * `parse` gets the output of the probe's own script, or of the whole survey it takes part in.
 */
export interface Probe<T extends Json = Json> {
  /** Identifies the fact, e.g. `file:/etc/hosts`. */
  key: string
  /** POSIX sh, read-only; or a part in a shared survey. Empty where the host need not be asked. */
  script: string | { survey: Survey; subject: string }
  /** Pure. Throws TaskError when the output makes no sense; "absent" must be the host's own answer. */
  parse(output: Output): T
  /** A command of the user's own: what it tells depends on who runs it and with which environment. */
  personal?: true
  /** Every string in the fact is a secret and is masked wherever it would be shown. */
  secret?: true
  /**
   * The path that it looks at, and what it finds where nothing is, or a directory that another one was made with:
   * changes to what is around it tell of it, too.
   */
  place?: { path: string; absent: T; madeOnTheWay: T }
}

export type Content = { text: string } | { local: LocalFile }

/** Runs POSIX sh on the host; any exit code not in `ok` fails the step. */
export interface Run {
  do: 'run'
  script: string
  /** Sent to the script's standard input; never shown. */
  stdin?: string
  /** In seconds; the step's time limit when absent. */
  timeout?: number
  /** Exit codes that mean success; [0] when absent. */
  ok?: number[]
  /** Meaning of exit codes, shown when one fails the step. */
  meaning?: Record<number, string>
  /** Keep the output as the fact of this key: {rc, stdout, stderr}. */
  keep?: string
  /** Never cut short by an interruption (a package manager, mkfs). */
  atomic?: true
}

/** Replaces a file in one step: written aside, verified, then renamed. */
export interface Put {
  do: 'put'
  path: string
  content: Content
  /** As in chmod, e.g. "0644". Absent: kept, or 0644 for a new file. */
  mode?: string
  owner?: string
  group?: string
  /** A command that must succeed on the new file before it is moved into place; `%s` is its path. */
  validate?: string
  /** Keep the old file beside it as NAME.bak. */
  backup?: boolean
}

/** Restarts the host and waits until it is back with another boot id. */
export interface Reboot {
  do: 'reboot'
  /** In seconds. */
  timeout: number
}

/** Polls a read-only script until it exits 0. Exit 3 means it never will; its stderr says why. */
export interface WaitFor {
  do: 'wait'
  /** What is waited for, e.g. "the registry to answer". */
  what: string
  script: string
  /** In seconds. */
  timeout: number
  /** Seconds between looks. */
  every: number
}

export type Action = Run | Put | Reboot | WaitFor

/** The fact of that key after the change; an absent thing is null. */
export interface Effect {
  key: string
  value: Json
}

export interface Diff {
  /** What is compared, usually a path. */
  title: string
  before: string
  after: string
}

/** What must be there for a change, and is not made by it. */
export interface Needs {
  /** Path of a directory. */
  directory?: string
  /** Name of a user. */
  owner?: string
  /** Name of a group. */
  group?: string
  /** Names of groups. */
  groups?: string[]
  /** Path of a directory that is written to, or one that is there above it. */
  writable?: string
  /** Full name of a unit. */
  unit?: string
  /** Packages to be had, as apt-get takes them, from lists that are refreshed when they are older, in seconds. */
  packages?: { names: string[]; maxAge: number }
}

/** One thing to change on a host: plain data, the same for check and apply. */
export interface Change {
  /** What is done, in the imperative: "create /etc/motd (0644 root:root)". */
  summary: string
  diff?: Diff
  actions: Action[]
  effects: Effect[]
  /** Absent: nothing that an earlier step would have to see to. A check looks at it, too. */
  needs?: Needs
  /** What becomes of all that lies at or below a path, unless effects tell: a directory removed, a link turned elsewhere. */
  below?: { path: string; is: 'gone' | 'unforeseen' }
  /** It does more than its effects say; what is planned after it in a check is provisional. */
  opaque?: true
  /** It can't converge by nature (an unguarded command). */
  repeats?: true
}

export type Probes = Record<string, Probe<any>>
export type Facts<P extends Probes> = { [K in keyof P]: NonNullable<P[K]> extends Probe<infer T> ? T : never }

/** What a task gets for arguments of that schema. */
export type Args<S extends ArgsSchema> = 0 extends 1 & S ? any : ValueOf<S>

/**
 * A task: two pure functions around a schema. It knows no connection, no clock and no dry run.
 *
 * Formats with a meaning for the engine: `local-file` (a path beside the playbook, given to the task as
 * LocalFile), `local-path` (a file, or with a slash at its end a directory), `template-file` (a file, rendered), `local-directory` (given as LocalDirectory), `secret` (masked
 * wherever it would be shown), `k3s-release` (a version, given to the task as K3sRelease).
 */
export interface Task<S extends ArgsSchema = any, P extends Probes = any> {
  name: string
  /** One sentence for the list of tasks. */
  summary: string
  args: S
  /** YAML of one or more steps, used in the reference page and validated by a test. */
  example: string
  probes(args: Args<S>): P
  /** Returns [] when nothing is to do; throws TaskError to refuse. */
  plan(args: Args<S>, facts: Facts<P>): Change[]
  /**
   * What the names in `result` are; `changed`, `failed` and `skipped` are in every register. Absent: nothing is known of
   * them, and nothing is checked.
   */
  returns?: ResultSchema
  /** What `register` holds, beside `changed`. Leave out, or give undefined for, what only applying can tell. */
  result?(args: Args<S>, facts: Facts<P>): Record<string, Json | undefined>
  /** Names in the result that become variables of the host. Known from the arguments as they are written. */
  variables?(args: Args<S>): string[]
  /** Strings among the arguments' values that must be masked, beside those of format `secret`. */
  secrets?(args: Args<S>): string[]
}

/** What every register holds, beside what the task returns. */
export const EVERY_RESULT: ResultSchema = {
  changed: { type: 'boolean', description: 'Whether the step changed something.' },
  failed: { type: 'boolean', description: 'Whether it failed.' },
  msg: { type: 'string', description: 'Why it failed; only then.' },
  skipped: {
    type: 'boolean',
    description: 'Whether its condition left it out; it then returns nothing else.',
  },
}

/** Gives a task its types; at run time it returns what it got. */
export function defineTask<const S extends ArgsSchema, P extends Probes>(task: Task<S, P>): Task<S, P> {
  return task
}

/** The fact a change leaves behind, typed by its probe. */
export function effect<T extends Json>(probe: Probe<T>, value: T): Effect {
  return { key: probe.key, value }
}
