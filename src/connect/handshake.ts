import type { Duplex } from 'node:stream'
import type { ClientErrorExtensions, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { ConnectError } from '../core/errors.ts'
import { gather } from './gather.ts'
import { judgeHostKey, knownAlgorithms } from './hostkey.ts'
import type { HostKeyPolicy } from './hostkey.ts'
import type { Login } from './login.ts'
import type { Route } from './route.ts'
import { takeShortcuts } from './shortcuts.ts'
import { SshLink } from './sshlink.ts'
import { noAnswer, where } from './tcp.ts'

export interface SshOptions {
  /** Seconds for the handshake; prompts don't count. */
  timeout: number
  /** Seconds between signs of life. */
  keepalive: number
}

/** Lost signs of life after which a connection counts as broken. */
const KEEPALIVES = 4
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
      resolve(new SshLink(route, client, { sock, startTime: 2 * options.timeout * 1000 }))
    })
    client.on('error', (error) => {
      // A failing agent is no reason to give up: ssh2 goes on with the next method.
      if (error.level !== 'agent') fail(refusal ?? handshakeError(route, error, login))
    })
    client.once('close', () => fail(refusal ?? cutOff(route)))
    client.connect({
      sock: gather(sock),
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
    takeShortcuts(client)
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
