import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClientChannel, ClientErrorExtensions, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { ConnectError } from '../core/errors.ts'
import { judgeHostKey, knownAlgorithms } from './hostkey.ts'
import type { HostKeyPolicy } from './hostkey.ts'
import { LAST_WORDS, type Link, type Pipe } from './link.ts'
import type { Login } from './login.ts'
import type { Route } from './route.ts'
import { Slots } from './slots.ts'
import { noAnswer, where } from './tcp.ts'

export interface SshOptions {
  /** Seconds for the handshake; prompts don't count. */
  timeout: number
  /** Seconds between signs of life. */
  keepalive: number
}

/** Lost signs of life after which a connection counts as broken. */
const KEEPALIVES = 4
/** sshd allows 10 sessions on a connection; two are left for the user's own. */
const MAX_CHANNELS = 8
/** Milliseconds that opening a channel may take; on a half-dead connection it would never end. */
const CHANNEL_TIME = 30_000
/** Milliseconds for a host to answer that we are leaving. */
const FAREWELL = 500

/** Runs the handshake and logs in over an open stream. Rejects with ConnectError. */
export function openSsh(
  route: Route,
  sock: Duplex,
  login: Login,
  policy: HostKeyPolicy,
  options: SshOptions,
): Promise<SshLink> {
  if (sock.destroyed) return Promise.reject(cutOff(route))
  const client = new ssh2.Client()
  let refusal: ConnectError | undefined
  return new Promise((resolve, reject) => {
    const clock = stopwatch(options.timeout * 1000, () => fail(noAnswer(route, options.timeout)))
    const fail = (error: ConnectError) => {
      clock.stop()
      reject(error)
      sock.destroy()
    }
    client.once('ready', () => {
      clock.stop()
      resolve(new SshLink(route, client))
    })
    client.on('error', (error) => {
      // A failing agent is no reason to give up: ssh2 goes on with the next method.
      if (error.level !== 'agent') fail(refusal ?? handshakeError(route, error, login))
    })
    client.once('close', () => fail(refusal ?? cutOff(route)))
    client.connect({
      sock,
      username: route.user,
      readyTimeout: 0,
      keepaliveInterval: options.keepalive * 1000,
      keepaliveCountMax: KEEPALIVES,
      authHandler: login.handler((now) => (now ? clock.pause() : clock.go())),
      algorithms: { serverHostKey: hostKeyOrder(route, policy) },
      hostVerifier: (blob: Buffer) => {
        refusal = judgeHostKey(route, blob, policy)
        return refusal === undefined
      },
    })
  })
}

/** Types known for the host first, then whatever else it may have. */
function hostKeyOrder(route: Route, policy: HostKeyPolicy): ServerHostKeyAlgorithm[] {
  const usual = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521']
  const all = [...usual, 'rsa-sha2-512', 'rsa-sha2-256']
  const known = knownAlgorithms(route, policy.known).filter((type) => all.includes(type))
  return [...new Set([...known, ...all])] as ServerHostKeyAlgorithm[]
}

function handshakeError(route: Route, error: Error & ClientErrorExtensions, login: Login): ConnectError {
  const { name } = route.host
  if (error.level === 'client-authentication') return login.refused()
  if (/too many authentication failures/i.test(error.message)) return login.refused('too many keys tried')
  if (error.level === 'handshake') {
    return new ConnectError(
      `${name}: no common ground with the SSH server of ${where(route)}: ${error.message}`,
      {
        cause: error,
      },
    )
  }
  return cutOff(route, error)
}

function cutOff(route: Route, cause?: Error): ConnectError {
  const why = cause ? `: ${cause.message}` : ''
  return new ConnectError(
    `${route.host.name}: ${where(route)} closed the connection before the login${why}`,
    {
      retry: true,
      cause,
      hint: 'too many logins at once, or the host is starting up or shutting down',
    },
  )
}

/** A deadline that can be suspended. */
function stopwatch(ms: number, onEnd: () => void) {
  let left = ms
  let since = Date.now()
  let timer: NodeJS.Timeout | undefined
  const go = () => {
    since = Date.now()
    timer = setTimeout(onEnd, left)
  }
  const pause = () => {
    clearTimeout(timer)
    left -= Date.now() - since
  }
  go()
  return { go, pause, stop: () => clearTimeout(timer) }
}

/** An SSH connection that is logged in. */
export class SshLink implements Link {
  readonly user: string
  broken: string | undefined
  readonly #route: Route
  readonly #client: ssh2.Client
  readonly #closed: Promise<void>
  readonly #channels = new Slots(MAX_CHANNELS)

  constructor(route: Route, client: ssh2.Client) {
    this.user = route.user
    this.#route = route
    this.#client = client
    client.removeAllListeners('error').removeAllListeners('close')
    client.on('error', (error) => {
      if (error.level !== 'agent') this.broken ??= `the connection broke (${error.message})`
    })
    this.#closed = new Promise((resolve) => {
      client.once('close', () => {
        this.broken ??= 'the host closed the connection'
        resolve()
      })
    })
  }

  async spawn(command: string): Promise<Pipe> {
    await this.#channels.take()
    try {
      const pipe = asPipe(await this.#within(CHANNEL_TIME, (done) => this.#client.exec(command, done)))
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
      return await this.#within(seconds * 1000, (done) =>
        this.#client.forwardOut('127.0.0.1', 0, target.address, target.port, done),
      )
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

  async close(): Promise<void> {
    this.broken ??= 'the connection was closed'
    this.#client.end()
    // A host that is gone never answers the farewell.
    const timer = setTimeout(() => this.#client.destroy(), FAREWELL)
    await Promise.race([this.#closed, delay(2 * FAREWELL, undefined, { ref: false })])
    clearTimeout(timer)
  }

  /** Opens a channel; on a half-dead connection the answer never comes. */
  #within(
    ms: number,
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  ): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(new Error(`no answer within ${ms / 1000} s`))
      }, ms)
      const done = (error: Error | undefined, channel: ClientChannel) => {
        clearTimeout(timer)
        if (error) reject(new Error(error.message.replace('(SSH) Channel open failure: ', '')))
        else if (late) channel.close()
        else resolve(channel)
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
    return new ConnectError(`${name}: ${why}`, { retry: true })
  }
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
    destroy: () => void channel.close(),
  }
}
