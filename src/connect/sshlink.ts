import type { Duplex } from 'node:stream'
import type { Client, ClientChannel } from 'ssh2'
import { ConnectError } from '../core/errors.ts'
import { LAST_WORDS, type Link, type Pipe } from './link.ts'
import type { Route } from './route.ts'
import { Slots } from './slots.ts'
import { where } from './tcp.ts'

/** sshd allows 10 sessions on a connection; two are left for the user's own. */
const MAX_CHANNELS = 8
const FEW_SESSIONS =
  'it may allow too few sessions on a connection: up to 5 are needed, see MaxSessions in its sshd_config'
/** Milliseconds that opening a channel may take; on a half-dead connection it would never end. */
const CHANNEL_TIME = 30_000
/** Milliseconds that the farewell may take to leave; on a half-dead connection it never would. */
const FAREWELL = 500

/** An SSH connection that is logged in. */
export class SshLink implements Link {
  readonly user: string
  readonly startTime: number
  broken: string | undefined
  readonly #route: Route
  readonly #client: Client
  readonly #sock: Duplex
  readonly #channels = new Slots(MAX_CHANNELS)

  /** `sock` is what the client talks over. */
  constructor(route: Route, client: Client, { sock, startTime }: { sock: Duplex; startTime: number }) {
    this.user = route.user
    this.startTime = startTime
    this.#route = route
    this.#client = client
    this.#sock = sock
    client.removeAllListeners('error').removeAllListeners('close')
    client.on('error', (error) => {
      if (error.level !== 'agent') this.broken ??= `the connection broke (${error.message})`
    })
    client.once('close', () => (this.broken ??= 'the host closed the connection'))
  }

  async spawn(command: string): Promise<Pipe> {
    await this.#channels.take()
    try {
      const pipe = await this.#within<Pipe>(CHANNEL_TIME, (done) =>
        // Listened to at once: the exit code of what ends quickly comes in the same packet as the channel.
        this.#client.exec(command, (error, channel) =>
          error ? done(error) : done(undefined, asPipe(channel)),
        ),
      )
      void pipe.ended.then(() => this.#channels.give())
      return pipe
    } catch (error) {
      this.#channels.give()
      throw this.#noSession(error as Error)
    }
  }

  /** A stream through this host to another one. Rejects with ConnectError. */
  async forward(target: Route, seconds: number): Promise<Duplex> {
    try {
      return await this.#tunnel(target, seconds * 1000)
    } catch (error) {
      const why = this.broken ?? (error as Error).message
      const prohibited = /prohibited/.test(why)
      const [name, jump] = [target.host.name, this.#route.host.name]
      throw new ConnectError(`${name}: jump host ${jump} can't reach ${where(target)}: ${why}`, {
        retry: !prohibited,
        hint: prohibited ? `set AllowTcpForwarding in the sshd_config of ${jump}` : `is ${name} switched on?`,
      })
    }
  }

  dial(port: number): Promise<Duplex> {
    return this.#tunnel({ address: '127.0.0.1', port }, CHANNEL_TIME)
  }

  /** Resolves once the farewell has left. That sshd ends its sessions takes longer, and nobody need wait for it. */
  async close(): Promise<void> {
    this.broken ??= 'the connection was closed'
    this.#client.end()
    await leaving(this.#sock)
    this.#sock.destroy()
  }

  #tunnel({ address, port }: Pick<Route, 'address' | 'port'>, ms: number): Promise<ClientChannel> {
    return this.#within<ClientChannel>(ms, (done) =>
      this.#client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
        // Unlike a socket, a channel whose other end has hung up stays open by itself.
        channel?.once('end', () => channel.end())
        done(error, channel)
      }),
    )
  }

  /** Opens a channel; on a half-dead connection the answer never comes. */
  #within<T extends { destroy(): void }>(
    ms: number,
    open: (done: (error: Error | undefined, channel?: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(new Error(`no answer within ${ms / 1000} s`))
      }, ms)
      const done = (error: Error | undefined, channel?: T) => {
        clearTimeout(timer)
        if (error) reject(new Error(error.message.replace('(SSH) Channel open failure: ', '')))
        else if (late) channel?.destroy()
        else resolve(channel as T)
      }
      try {
        open(done)
      } catch (error) {
        clearTimeout(timer)
        reject(error as Error)
      }
    })
  }

  #noSession(error: Error): ConnectError {
    const { name } = this.#route.host
    const why = this.broken ?? `can't open a session: ${error.message}`
    const hint =
      this.broken === undefined && !error.message.startsWith('no answer') ? FEW_SESSIONS : undefined
    return new ConnectError(`${name}: ${why}`, { retry: true, hint })
  }
}

function leaving(sock: Duplex): Promise<void> {
  if (sock.writableFinished || sock.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    setTimeout(resolve, FAREWELL).unref()
    sock.once('finish', resolve).once('error', resolve).once('close', resolve)
  })
}

function asPipe(channel: ClientChannel): Pipe {
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: new Promise((resolve) => {
      let code: number | null = null
      channel.once('close', () => resolve(code))
      channel.once('exit', (status: number | null) => {
        code = status
        setTimeout(() => resolve(code), LAST_WORDS).unref()
      })
    }),
    destroy: () => channel.close(),
  }
}
