import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, ConnectError, ConnectionLost, Interrupted } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Output } from '../core/task.ts'
import type { Connection, PutFile, PutOptions, RunOptions } from './connection.ts'
import { isLarge, loadContent } from './content.ts'
import { withinLimits } from './deadline.ts'
import { Delivery, type DeliveryOptions } from './delivery.ts'
import { killScript } from './kill.ts'
import { Lanes } from './lanes.ts'
import type { Link, Pipe } from './link.ts'
import { releaseLock, takeLock } from './lock.ts'
import { shellCommand, startScript } from './startscript.ts'
import { Shell } from './shell.ts'
import type { Running } from './sentscript.ts'
import { openAs } from './sudo.ts'
import type { SudoPasswords, UserName } from './sudo.ts'
import { FROM_BASE64, uploadError, uploadScript } from './upload.ts'

/** Milliseconds that ending a script's processes may take before its shell is given up. */
const STOP_TIME = 10_000
const END_TIME = 2_000
/** Milliseconds that letting go of the lock may take. */
const RELEASE_TIME = 500

const SHELL = 'exec /bin/sh'

/** Shells open at a time: sshd allows 10 sessions, uploads and what ends scripts need some, too. */
const MAX_SHELLS = 5

export interface OpenLink extends Pick<DeliveryOptions, 'handing'> {
  link: Link
  /** Gives the link back when the session closes. */
  release: () => Promise<void>
}

/** A connection over any link: at most one shell per user. */
export class Session implements Connection {
  readonly host: Host
  readonly #link: Link
  readonly #passwords: SudoPasswords
  readonly #release: () => Promise<void>
  /** The one opened last comes last. */
  readonly #shells = new Map<UserName, Promise<Shell>>()
  readonly #lanes = new Lanes()
  readonly #delivery: Delivery
  /** One script of a shell is stopped at a time. */
  readonly #stops = new WeakMap<Shell, Promise<void>>()
  #queue: Promise<void> = Promise.resolve()
  #lock: { owner: string; user: UserName } | undefined

  constructor(host: Host, { link, release, handing }: OpenLink, passwords: SudoPasswords) {
    this.host = host
    this.#link = link
    this.#passwords = passwords
    this.#release = release
    this.#delivery = new Delivery({
      host: host.name,
      start: (user, script) => this.#startScript(user, script),
      lost: () => this.#lost(),
      handing,
    })
  }

  get roundTrips(): number {
    return this.#lanes.flights
  }

  get isBroken(): boolean {
    return this.#link.broken !== undefined
  }

  run(script: string, options: RunOptions = {}): Promise<Output> {
    const user = this.#user(options)
    return this.#lanes.enter(user, async () => {
      const shell = await this.#shell(user)
      if (options.signal?.aborted) throw new Interrupted('interrupted')
      const running = shell.run(script, options)
      return this.#limited(user, shell, running, script, options)
    })
  }

  stream(script: string, options: Pick<RunOptions, 'become'> = {}): Promise<Pipe> {
    return this.#lanes.enter(Symbol('stream'), () => this.#startScript(this.#user(options), script))
  }

  put(file: PutFile, options: PutOptions = {}): Promise<string | undefined> {
    const user = this.#user(options)
    const large = isLarge(file.content)
    return this.#lanes.enter(large ? Symbol('stream') : user, async () => {
      const output = await (large
        ? this.#delivery.put(file, user, options)
        : this.#inline(file, user, options))
      if (output.code !== 0) throw uploadError(file, output)
      return output.stdout.toString().trim() || undefined
    })
  }

  lock(owner: string, options: Pick<RunOptions, 'become'> = {}): Promise<string | null> {
    const user = this.#user(options)
    return this.#lanes.enter(user, async () => {
      const holder = await takeLock(await this.#shell(user), owner)
      if (holder === null) this.#lock = { owner, user }
      return holder
    })
  }

  async renew(user: string): Promise<void> {
    const old = this.#shells.get(user)
    // The login user has his groups from the login itself.
    if (old === undefined || user === this.#link.user || user === this.#lock?.user) return
    this.#shells.delete(user)
    const [shell] = await Promise.allSettled([old])
    if (shell.status === 'fulfilled') shell.value.destroy()
  }

  async dial(port: number): Promise<Duplex> {
    try {
      return await this.#link.dial(port)
    } catch (error) {
      const why = this.#link.broken ?? (error as Error).message
      throw new ConnectError(`${this.host.name}: port ${port} can't be reached: ${why}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    const shells = await Promise.allSettled(this.#shells.values())
    await this.#unlock()
    for (const shell of shells) if (shell.status === 'fulfilled') shell.value.destroy()
    await this.#release()
  }

  async #unlock(): Promise<void> {
    const shell = await this.#shells.get(this.#lock?.user ?? '')?.catch(noop)
    if (shell === undefined || !shell.usable || shell.pending > 0) return
    const released = releaseLock(shell).catch(noop)
    await Promise.race([released, delay(RELEASE_TIME, undefined, { ref: false })])
  }

  #user({ become = false }: Pick<RunOptions, 'become'>): UserName {
    if (typeof become === 'string') return become
    return become ? 'root' : this.#link.user
  }

  async #inline(file: PutFile, user: UserName, options: RunOptions): Promise<Output> {
    const shell = await this.#shell(user)
    const load = loadContent(file.content)
    if (load.kind !== 'inline') throw new Error(`${file.path}: content grew`)
    const script = uploadScript(file, load.sha256, FROM_BASE64)
    const running = shell.run(script, { stdin: load.base64 })
    return this.#limited(user, shell, running, `put ${file.path}`, { timeout: options.timeout })
  }

  #limited(
    user: UserName,
    shell: Shell,
    running: Running,
    script: string,
    limits: Pick<RunOptions, 'timeout' | 'signal'>,
  ): Promise<Output> {
    return withinLimits(running, script, limits, async (cause) => {
      // What runs before it may be something that is never cut short.
      await Promise.race([running.turn, running.output.then(noop, noop)])
      const before = this.#stops.get(shell) ?? Promise.resolve()
      const stopping = before.then(() => this.#stop(user, shell, running, cause))
      this.#stops.set(shell, stopping)
      return stopping
    })
  }

  /** Ends what a shell runs, over a second one; gives the shell up when that doesn't work. */
  async #stop(user: UserName, shell: Shell, running: Running, cause: 'timeout' | 'signal'): Promise<void> {
    if (running.ended()) return
    // Scripts sent behind an interrupted one must not start.
    const whole = cause === 'signal' && shell.pending > 1
    const ended = running.output.then(noop, noop)
    const killed = this.#kill(user, shell, whole).catch(noop)
    await Promise.race([killed, delay(STOP_TIME, undefined, { ref: false })])
    await Promise.race([ended, delay(END_TIME, undefined, { ref: false }).then(() => shell.destroy())])
  }

  async #kill(user: UserName, shell: Shell, whole: boolean): Promise<void> {
    const second = new Shell(await this.#start(user, SHELL), () => this.#lost(), this.#link.startTime)
    await second.run(killScript(await shell.pid, whole)).output
    second.destroy()
  }

  /** One call after the other, so that their scripts are sent in the order of the calls. */
  #shell(user: UserName): Promise<Shell> {
    const shell = this.#queue.then(() => this.#usable(user))
    this.#queue = shell.then(noop, noop)
    return shell
  }

  async #usable(user: UserName): Promise<Shell> {
    const open = await (this.#shells.get(user) ?? this.#open(user))
    if (open.usable) return open
    open.destroy()
    this.#shells.delete(user)
    return this.#open(user)
  }

  async #open(user: UserName): Promise<Shell> {
    await this.#makeRoom()
    const shell = this.#begin(user)
    this.#shells.set(user, shell)
    // A refused password stays refused; a user that is missing may be created later.
    shell.catch((error) => error instanceof CommandError && this.#shells.delete(user))
    return shell
  }

  /** Nothing runs in the other shells: their calls end before those of a new one begin. */
  async #makeRoom(): Promise<void> {
    if (this.#shells.size < MAX_SHELLS) return
    const spare = [...this.#shells].find(([user]) => user !== this.#lock?.user)!
    this.#shells.delete(spare[0])
    const [shell] = await Promise.allSettled([spare[1]])
    if (shell.status === 'fulfilled') shell.value.destroy()
  }

  async #begin(user: UserName): Promise<Shell> {
    const pipe = await this.#start(user, SHELL)
    const shell = new Shell(pipe, (neverStarted) => this.#lost(neverStarted), this.#link.startTime)
    if (this.#lock?.user !== user) return shell
    const { owner } = this.#lock
    const holder = await takeLock(shell, owner)
    if (holder === null || holder === owner) return shell
    throw new ConnectError(`${this.host.name}: the lock was lost to ${holder}`)
  }

  #start(user: UserName, command: string): Promise<Pipe> {
    if (user !== this.#link.user) return openAs(user, this.#link, this.host, this.#passwords, command)
    return this.#link.spawn(command === SHELL ? command : shellCommand(command))
  }

  #startScript(user: UserName, script: string): Promise<Pipe> {
    return startScript((command) => this.#start(user, command), script)
  }

  #lost(neverStarted?: string): ConnectError {
    const { name } = this.host
    const { broken, user } = this.#link
    if (broken === undefined && neverStarted !== undefined) {
      const hint = `does 'ssh ${name} true' work, and end? look at its startup files and at ForceCommand in sshd_config`
      return new ConnectError(`${name}: the login shell of ${user} ${neverStarted}`, { hint })
    }
    return new ConnectionLost(
      `${name}: ${broken ?? 'the shell ended'} while a command ran; whether it finished is unknown`,
      { hint: 'run again: what is already done will be recognised' },
    )
  }
}

function noop(): void {}
