import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { Cluster } from '../api/cluster.ts'
import { secrets } from '../api/kinds.ts'

export const secretName = (node: string) => `${node.toLowerCase()}.node-password.k3s`

// k3s uses 2^15, which takes 32 MiB for a moment; 2^10 keeps the server small.
const logN = 10

function digest(password: string, salt: string, log: number): Buffer {
  return scryptSync(password, Buffer.from(salt, 'hex'), 64, {
    N: 2 ** log,
    r: 8,
    p: 1,
    maxmem: 64 * 1024 * 1024,
  })
}

/** The first password a node comes with is kept; later it must come with the same. */
export function acceptNodePassword(cluster: Cluster, node: string, password: string): boolean {
  const kept = cluster.store.get(secrets, secretName(node), 'kube-system')
  if (kept !== undefined) return verify(Buffer.from(kept.data.hash, 'base64').toString(), password)
  const salt = randomBytes(8).toString('hex')
  const hash = `$1:${salt}:${logN}:8:1:${digest(password, salt, logN).toString('base64')}`
  cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName(node), namespace: 'kube-system' },
    immutable: true,
    data: { hash: Buffer.from(hash).toString('base64') },
  })
  return true
}

function verify(hash: string, password: string): boolean {
  const [, salt = '', log = '', key = ''] = /^\$1:([^:]*):(\d+):8:1:(.*)$/.exec(hash) ?? []
  const expected = Buffer.from(key, 'base64')
  const found = digest(password, salt, Number(log))
  return found.length === expected.length && timingSafeEqual(found, expected)
}
