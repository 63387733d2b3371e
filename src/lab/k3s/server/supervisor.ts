import type { IncomingMessage } from 'node:http'
import type { Cluster } from '../api/cluster.ts'
import { ApiError, noSuchPath, unauthorized } from '../api/status.ts'
import { makeLeaf, type Pair } from '../crypto/certificate.ts'
import { log } from '../log.ts'
import type { Authorities } from './authorities.ts'
import type { Passwords } from './join-token.ts'
import { acceptNodePassword } from './node-password.ts'

export interface Supervisor {
  authorities: Authorities
  passwords: Passwords
  cluster: Cluster
  /** What agents are told of the cluster. */
  config: Record<string, unknown>
}

/** Answers k3s's own paths, by which agents join; undefined for all others. Plain text. */
export function supervise(
  supervisor: Supervisor,
  message: IncomingMessage,
  path: string,
): string | undefined {
  if (path === '/ping') return 'pong'
  if (path === '/cacerts') return supervisor.authorities.server.certificate
  if (!path.startsWith('/v1-k3s/')) return undefined
  requirePassword(supervisor, message)
  switch (path.slice('/v1-k3s/'.length)) {
    case 'config':
      return JSON.stringify(supervisor.config)
    case 'readyz':
      return 'ok'
    case 'client-ca.crt':
      return supervisor.authorities.client.certificate
    case 'server-ca.crt':
      return supervisor.authorities.server.certificate
    case 'serving-kubelet.crt':
      return nodeCertificate(supervisor, message, 'server')
    case 'client-kubelet.crt':
      return nodeCertificate(supervisor, message, 'client')
    default:
      throw noSuchPath()
  }
}

function requirePassword({ passwords }: Supervisor, message: IncomingMessage): void {
  const basic = /^Basic (.+)$/.exec(message.headers.authorization ?? '')?.[1] ?? ''
  const [, user, password] = /^([^:]*):(.*)$/.exec(Buffer.from(basic, 'base64').toString()) ?? []
  const isServer = user === 'server' && password === passwords.server
  const isNode = user === 'node' && (password === passwords.agent || password === passwords.server)
  if (isServer || isNode) return
  log.error(
    `Failed to authenticate request from ${message.socket.remoteAddress}: invalid username/password combination`,
  )
  throw unauthorized()
}

function nodeCertificate(supervisor: Supervisor, message: IncomingMessage, use: 'server' | 'client'): string {
  const node = String(message.headers['k3s-node-name'] ?? '').toLowerCase()
  const password = String(message.headers['k3s-node-password'] ?? '')
  if (node === '') throw new ApiError(400, 'BadRequest', 'node name not set')
  if (!acceptNodePassword(supervisor.cluster, node, password)) {
    log.error(`unable to verify password for node ${node}: hash does not match`)
    throw new ApiError(403, 'Forbidden', `unable to verify password for node ${node}`)
  }
  const addresses = String(message.headers['k3s-node-ip'] ?? '127.0.0.1').split(',')
  return joined(issue(supervisor, node, addresses, use))
}

function issue(
  { authorities }: Supervisor,
  node: string,
  addresses: string[],
  use: 'server' | 'client',
): Pair {
  if (use === 'client') {
    return makeLeaf(authorities.client, {
      use,
      subject: { name: `system:node:${node}`, group: 'system:nodes' },
    })
  }
  return makeLeaf(authorities.server, {
    use,
    subject: { name: node },
    names: [node, 'localhost', '127.0.0.1', ...addresses],
  })
}

const joined = (pair: Pair) => `${pair.certificate}${pair.key}`
