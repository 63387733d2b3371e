import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { ConnectError } from '../core/errors.ts'
import type { Route } from './route.ts'

/** Opens the TCP connection. Rejects with ConnectError. */
export function openTcp(route: Route, seconds: number): Promise<Socket> {
  const { address: host, port } = route
  // ssh2 leaves Nagle's algorithm on, which costs 40 ms per exchange.
  const socket = connect({ host, port, noDelay: true })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy()
      reject(noAnswer(route, seconds))
    }, seconds * 1000)
    socket.once('connect', () => {
      clearTimeout(timer)
      // It may have to wait for its turn, with nobody else listening.
      socket.off('error', fail).on('error', () => {})
      resolve(socket)
    })
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      reject(tcpError(route, error))
    }
    socket.once('error', fail)
  })
}

export function noAnswer(route: Route, seconds: number): ConnectError {
  return new ConnectError(`${route.host.name}: no answer from ${where(route)} within ${seconds} s`, {
    retry: true,
    hint: 'is it switched on and in the same network?',
  })
}

export function where({ address, port }: Pick<Route, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const REASONS: Record<string, { text: string; hint: string }> = {
  ECONNREFUSED: { text: 'refused the connection', hint: 'is sshd running there, and on this port?' },
  ETIMEDOUT: { text: 'does not answer', hint: 'is it switched on and in the same network?' },
  EHOSTUNREACH: {
    text: "can't be reached: no route to host",
    hint: 'is it switched on and in the same network?',
  },
  ENETUNREACH: { text: "can't be reached: no route to its network", hint: 'is this machine in the network?' },
  ECONNRESET: { text: 'cut the connection', hint: 'too many logins at once, or a firewall' },
  EAI_AGAIN: {
    text: "can't be looked up: the name server does not answer",
    hint: 'is this machine in the network?',
  },
}

function tcpError(route: Route, error: NodeJS.ErrnoException): ConnectError {
  const { name } = route.host
  const code = error.code ?? ''
  if (code === 'ENOTFOUND') {
    return new ConnectError(`${name}: there is no host named ${route.address}`, {
      hint: `correct 'address' of ${name} in the inventory`,
      cause: error,
    })
  }
  const reason = REASONS[code]
  const text = reason
    ? `${where(route)} ${reason.text}`
    : `can't connect to ${where(route)}: ${error.message}`
  return new ConnectError(`${name}: ${text}`, { retry: true, hint: reason?.hint, cause: error })
}
