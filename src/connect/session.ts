import { setTimeout as delay } from 'node:timers/promises'
import { quote } from '../base/shell.ts'
import { ConnectError, ConnectionLost, Interrupted } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Output } from '../core/task.ts'
import type { Connection, PutFile, RunOptions } from './connection.ts'
import { isLarge, loadContent, unreadable } from './content.ts'
import { withinLimits } from './deadline.ts'
import { killScript } from './kill.ts'
import { Lanes } from './lanes.ts'
import type { Link, Pipe } from './link.ts'
import { takeLock } from './lock.ts'
import { Shell } from './shell.ts'
import type { Running } from './sentscript.ts'
import { feed } from './stream.ts'
import { openRoot } from './sudo.ts'
import type { SudoPasswords } from './sudo.ts'
import { FROM_BASE64, uploadError, uploadScript } from './upload.ts'

type Privilege = 'login' | 'root'

/** Milliseconds that ending a script's processes may take before its shell is given up. */
const STOP_TIME = 10_000
const END_TIME = 2_000

/** A connection over any link: at most one shell per privilege. */
export class Session implements Connection {
  readonly host: Host
  readonly #link: Link
  readonly #passwords: SudoPasswords
  readonly #release: () => Promise<void>
  readonly #shells: Partial<Record<Privilege, Promise<Shell>>> = {}
  readonly #lanes = new Lanes()
  /** One script of a shell is stopped at a time. */
  readonly #stops = new WeakMap<Shell, Promise<void>>()
  #queue: Promise<void> = Promise.resolve()
  #lock: { owner: string; privilege: Privilege } | undefined

  /** `release` gives the link back when the session closes. */
  constructor(host: Host, link: Link, passwords: SudoPasswords, release: () => Promise<void>) {
    this.host = host
    this.#link = link
    this.#passwords = passwords
    this.#release = release
  }

  get roundTrips(): number {
    return this.#lanes.flights
  }

  run(script: string, options: RunOptions = {}): Promise<Output> {
    const privilege = this.#privilege(options)
    return this.#lanes.enter(privilege, async () => {
      const shell = await this.#shell(privilege)
      if (options.signal?.aborted) throw new Interrupted('interrupted')
      const running = shell.run(script, options)
      return this.#limited(privilege, shell, running, script, options)
    })
  }

  put(file: PutFile, options: Pick<RunOptions, 'become' | 'timeout' | 'onOutput'> = {}): Promise<void> {
    const privilege = this.#privilege(options)
    const large = isLarge(file.content)
    return this.#lanes.enter(large ? Symbol('stream') : privilege, async () => {
      const output = await (large
        ? this.#stream(file, privilege, options)
        : this.#inline(file, privilege, options))
      if (output.code !== 0) throw uploadError(file, output)
    })
  }

  lock(owner: string, options: Pick<RunOptions, 'become'> = {}): Promise<string | null> {
    const privilege = this.#privilege(options)
    return this.#lanes.enter(privilege, async () => {
      const holder = await takeLock(await this.#shell(privilege), owner)
      if (holder === null) this.#lock = { owner, privilege }
      return holder
    })
  }

  async close(): Promise<void> {
    const shells = await Promise.allSettled(Object.values(this.#shells))
    for (const shell of shells) if (shell.status === 'fulfilled') shell.value.destroy()
    await this.#release()
  }

  #privilege({ become }: Pick<RunOptions, 'become'>): Privilege {
    return become && this.#link.user !== 'root' ? 'root' : 'login'
  }

  async #inline(file: PutFile, privilege: Privilege, options: RunOptions): Promise<Output> {
    const shell = await this.#shell(privilege)
    const load = loadContent(file.content)
    if (load.kind !== 'inline') throw new Error(`${file.path}: content grew`)
    const script = uploadScript(file, load.sha256, FROM_BASE64)
    const running = shell.run(script, { stdin: load.base64 })
    return this.#limited(privilege, shell, running, `put ${file.path}`, { timeout: options.timeout })
  }

  async #stream(file: PutFile, privilege: Privilege, options: RunOptions): Promise<Output> {
    const load = loadContent(file.content)
    if (load.kind !== 'stream') throw new Error(`${file.path}: content shrank`)
    const pipe = await this.#start(privilege, uploadScript(file, load.sha256, 'cat'))
    const { code, readError, ...output } = await feed(pipe, load, options)
    if (readError) throw unreadable('local' in file.content ? file.content.local.path : file.path, readError)
    if (code === null) throw this.#lost()
    return { ...output, code }
  }

  #limited(
    privilege: Privilege,
    shell: Shell,
    running: Running,
    script: string,
    limits: Pick<RunOptions, 'timeout' | 'signal'>,
  ): Promise<Output> {
    return withinLimits(running, script, limits, async (cause) => {
      // What runs before it may be something that is never cut short.
      await Promise.race([running.turn, running.output.then(noop, noop)])
      const before = this.#stops.get(shell) ?? Promise.resolve()
      const stopping = before.then(() => this.#stop(privilege, shell, running, cause))
      this.#stops.set(shell, stopping)
      return stopping
    })
  }

  /** Ends what a shell runs, over a second one; gives the shell up when that doesn't work. */
  async #stop(
    privilege: Privilege,
    shell: Shell,
    running: Running,
    cause: 'timeout' | 'signal',
  ): Promise<void> {
    if (running.ended()) return
    // Scripts sent behind an interrupted one must not start.
    const whole = cause === 'signal' && shell.pending > 1
    const ended = running.output.then(noop, noop)
    const killed = this.#kill(privilege, shell, whole).catch(noop)
    await Promise.race([killed, delay(STOP_TIME, undefined, { ref: false })])
    await Promise.race([ended, delay(END_TIME, undefined, { ref: false }).then(() => shell.destroy())])
  }

  async #kill(privilege: Privilege, shell: Shell, whole: boolean): Promise<void> {
    const second = new Shell(await this.#start(privilege, 'exec /bin/sh'), () => this.#lost())
    await second.run(killScript(await shell.pid, whole)).output
    second.destroy()
  }

  /** One call after the other, so that their scripts are sent in the order of the calls. */
  #shell(privilege: Privilege): Promise<Shell> {
    const shell = this.#queue.then(() => this.#usable(privilege))
    this.#queue = shell.then(noop, noop)
    return shell
  }

  async #usable(privilege: Privilege): Promise<Shell> {
    const open = await (this.#shells[privilege] ??= this.#open(privilege))
    if (open.usable) return open
    open.destroy()
    return (this.#shells[privilege] = this.#open(privilege))
  }

  async #open(privilege: Privilege): Promise<Shell> {
    const pipe = await this.#start(privilege, 'exec /bin/sh')
    const shell = new Shell(pipe, (neverStarted) => this.#lost(neverStarted))
    if (this.#lock?.privilege !== privilege) return shell
    const { owner } = this.#lock
    const holder = await takeLock(shell, owner)
    if (holder === null || holder === owner) return shell
    throw new ConnectError(`${this.host.name}: the lock was lost to ${holder}`)
  }

  #start(privilege: Privilege, script: string): Promise<Pipe> {
    if (privilege === 'root') return openRoot(this.#link, this.host, this.#passwords, script)
    return this.#link.spawn(script.startsWith('exec ') ? script : `exec /bin/sh -c ${quote(script)}`)
  }

  #lost(neverStarted?: string): ConnectError {
    const { name } = this.host
    const { broken, user } = this.#link
    if (broken === undefined && neverStarted !== undefined) {
      return new ConnectError(
        `${name}: the login shell of ${user} ended at once: ${neverStarted || 'no message'}`,
      )
    }
    return new ConnectionLost(
      `${name}: ${broken ?? 'the shell ended'} while a command ran; whether it finished is unknown`,
      { hint: 'run again: what is already done will be recognised' },
    )
  }
}

function noop(): void {}
