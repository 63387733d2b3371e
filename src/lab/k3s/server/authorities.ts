import { createHash, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { type Leaf, makeAuthority, makeLeaf, type Pair, type Subject } from '../crypto/certificate.ts'
import { readFile, readOrMake, writeFile } from '../files.ts'

export interface Authority extends Pair {
  subject: Subject
}

export interface Authorities {
  server: Authority
  client: Authority
  /** Private key that signs the tokens of service accounts. */
  tokenKey: string
  /** SHA-256 of the server's authority, as tokens carry it. */
  hash: string
}

/** The cluster's certificate authorities, made at the very first start. */
export function loadAuthorities(directory: string): Authorities {
  const tls = join(directory, 'tls')
  const server = loadAuthority(tls, 'server-ca', 'k3s-server-ca')
  const tokenKey = readOrMake(join(tls, 'service.key'), () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  )
  return {
    server,
    client: loadAuthority(tls, 'client-ca', 'k3s-client-ca'),
    tokenKey,
    hash: createHash('sha256').update(server.certificate).digest('hex'),
  }
}

function loadAuthority(tls: string, file: string, name: string): Authority {
  const found = readFile(join(tls, `${file}.name`))
  if (found !== undefined) {
    const read = (extension: string) => readFile(join(tls, `${file}.${extension}`)) ?? ''
    return { subject: { name: found }, certificate: read('crt'), key: read('key') }
  }
  const subject = { name: `${name}@${Math.floor(Date.now() / 1000)}` }
  const pair = makeAuthority(subject.name)
  writeFile(join(tls, `${file}.key`), pair.key)
  writeFile(join(tls, `${file}.crt`), pair.certificate, 0o644)
  writeFile(join(tls, `${file}.name`), subject.name, 0o644)
  return { ...pair, subject }
}

/** A certificate that lies in files beside the authorities; made anew at every start. */
export function keptLeaf(directory: string, file: string, authority: Authority, leaf: Leaf): Pair {
  const pair = makeLeaf(authority, leaf)
  writeFile(join(directory, 'tls', `${file}.crt`), pair.certificate, 0o644)
  writeFile(join(directory, 'tls', `${file}.key`), pair.key)
  return pair
}
