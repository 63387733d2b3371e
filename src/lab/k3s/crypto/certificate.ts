import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto'
import { isIP } from 'node:net'
import { bits, der, integer, octets, oid, pem, sequence, set, text, utcTime, yes } from './der.ts'

/** A certificate with its private key, both PEM. */
export interface Pair {
  certificate: string
  key: string
}

export interface Subject {
  name: string
  /** The organization; Kubernetes reads it as the user's group. */
  group?: string
}

interface Authority extends Pair {
  subject: Subject
}

export interface Leaf {
  subject: Subject
  use: 'server' | 'client'
  /** DNS names and addresses a server answers for. */
  names?: string[]
}

const day = 86_400_000
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

/** A self-signed authority, valid for ten years. */
export function makeAuthority(name: string): Pair {
  const key = makeKey()
  const subject = { name }
  const extensions = [
    extension('2.5.29.19', sequence(yes), true),
    extension('2.5.29.15', bits(Buffer.from([0xa4]), 2), true),
    extension('2.5.29.14', octets(keyId(key))),
  ]
  return {
    key,
    certificate: issue({ subject, key, issuer: subject, issuerKey: key, days: 3650, extensions }),
  }
}

/** A certificate for a server or a client, valid for one year as k3s's are. */
export function makeLeaf(authority: Authority, leaf: Leaf): Pair {
  const key = makeKey()
  const extensions = [
    extension('2.5.29.15', bits(Buffer.from([0xa0]), 5), true),
    extension('2.5.29.37', sequence(oid(leaf.use === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.35', sequence(der(0x80, keyId(authority.key)))),
    ...(leaf.names === undefined ? [] : [extension('2.5.29.17', sequence(...leaf.names.map(alternative)))]),
  ]
  const issuer = authority.subject
  const certificate = issue({
    subject: leaf.subject,
    key,
    issuer,
    issuerKey: authority.key,
    days: 365,
    extensions,
  })
  return { key, certificate }
}

function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString()
}

function publicKeyOf(key: string): Buffer {
  return createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' })
}

function keyId(key: string): Buffer {
  return createHash('sha1').update(publicKeyOf(key)).digest()
}

function nameOf(subject: Subject): Buffer {
  const part = (id: string, value: string) => set(sequence(oid(id), text(value)))
  const group = subject.group === undefined ? [] : [part('2.5.4.10', subject.group)]
  return sequence(...group, part('2.5.4.3', subject.name))
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [yes] : []), octets(value))
}

function alternative(name: string): Buffer {
  if (isIP(name) === 4) return der(0x87, Buffer.from(name.split('.').map(Number)))
  return der(0x82, Buffer.from(name))
}

interface Issue {
  subject: Subject
  key: string
  issuer: Subject
  issuerKey: string
  days: number
  extensions: Buffer[]
}

function issue(order: Issue): string {
  // An hour back: nodes without a clock of their own may lag behind the server.
  const from = new Date(Date.now() - 3_600_000)
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(8)),
    ecdsaWithSha256,
    nameOf(order.issuer),
    sequence(utcTime(from), utcTime(new Date(from.getTime() + order.days * day))),
    nameOf(order.subject),
    publicKeyOf(order.key),
    der(0xa3, sequence(...order.extensions)),
  )
  const signature = sign('sha256', body, { key: order.issuerKey, dsaEncoding: 'der' })
  return pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bits(signature)))
}
