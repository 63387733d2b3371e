import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { serviceAccounts } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'
import { requireAccess } from './rbac.ts'
import type { Store } from './store.ts'

export interface User {
  name: string
  groups: string[]
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Who asks, by client certificate or bearer token; undefined for a token that isn't valid. */
export function authenticate(message: IncomingMessage, key: string, store: Store): User | undefined {
  const bearer = /^Bearer (.+)$/.exec(message.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return userOfToken(bearer, key, store)
  const socket = message.socket as TLSSocket
  const { CN, O } = socket.authorized ? (socket.getPeerCertificate().subject ?? {}) : ({} as Value)
  if (CN === undefined) return anonymous
  return { name: String(CN), groups: [O ?? [], 'system:authenticated'].flat() }
}

/** `kubectl --as`: who may, acts as the user named. */
export function impersonated(store: Store, user: User, { headers }: IncomingMessage): User {
  const name = headers['impersonate-user']
  if (typeof name !== 'string') return user
  requireAccess(store, user, { verb: 'impersonate', group: '', resource: 'users', name })
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(name) ?? []
  const accounts = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  const given = [headers['impersonate-group'] ?? []].flat()
  return { name, groups: [...given, ...(namespace === undefined ? [] : accounts), 'system:authenticated'] }
}

const encodePart = (value: Value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A signed token for a service account. `seconds` is its lifetime. */
export function issueToken(account: KubeObject, seconds: number, audiences: string[], key: string): string {
  const { name, namespace, uid } = account.metadata
  const issued = Math.floor(Date.now() / 1000)
  const claims = {
    aud: audiences,
    exp: issued + seconds,
    iat: issued,
    nbf: issued,
    iss: issuer,
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    sub: `system:serviceaccount:${namespace}:${name}`,
  }
  const body = `${encodePart({ alg: 'ES256', typ: 'JWT' })}.${encodePart(claims)}`
  const signature = sign('sha256', Buffer.from(body), {
    key: createPrivateKey(key),
    dsaEncoding: 'ieee-p1363',
  })
  return `${body}.${signature.toString('base64url')}`
}

export const issuer = 'https://kubernetes.default.svc.cluster.local'

function userOfToken(token: string, key: string, store: Store): User | undefined {
  const [head, body, signature] = token.split('.')
  if (head === undefined || body === undefined || signature === undefined) return undefined
  const isOurs = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  if (!isOurs) return undefined
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const { namespace, serviceaccount } = claims['kubernetes.io']
  const account = store.get(serviceAccounts, serviceaccount.name, namespace)
  if (claims.exp * 1000 < Date.now() || account?.metadata.uid !== serviceaccount.uid) return undefined
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  return { name: claims.sub, groups }
}
