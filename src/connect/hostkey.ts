import { fingerprint, keyType, type KnownKey } from '../base/knownhosts.ts'
import { ConnectError } from '../core/errors.ts'
import { type KnownHosts, knownName } from './knownhosts.ts'
import type { Route } from './route.ts'

/** The key that a host has shown. */
export interface ShownKey {
  /** Name of the host in the inventory. */
  host: string
  /** As in known_hosts: type and key in Base64. */
  key: string
  fingerprint: string
  /** Other keys that are known for the host instead of this one. */
  replaces: KnownKey[]
}

export interface HostKeyPolicy {
  known: KnownHosts
  /** Gets each key that is known, new or changed; true takes a changed one, for this connection only. */
  onHostKey?(shown: ShownKey): boolean
  /** Trust and remember the key of a host never seen before. */
  acceptNew: boolean
  onNotice(message: string): void
}

/** Undefined when the key is the host's; else the error that ends the attempt. */
export function judgeHostKey(route: Route, blob: Buffer, policy: HostKeyPolicy): ConnectError | undefined {
  const { host } = route
  const name = nameOf(route)
  const verdict = policy.known.check(name, blob)
  const replaces = verdict.state === 'changed' ? verdict.known : []
  const isTaken = verdict.state !== 'revoked' && policy.onHostKey?.(shownKey(host.name, blob, replaces))
  switch (verdict.state) {
    case 'known':
      return undefined
    case 'changed':
      if (isTaken) return undefined
      return changed(route, name, blob, verdict.known)
    case 'revoked': {
      const at = `${verdict.known.file}:${verdict.known.line}`
      return new ConnectError(`${host.name}: its key ${fingerprint(blob)} is revoked in ${at}`)
    }
    case 'unknown':
      return meet(route, name, blob, policy, verdict.authority)
  }
}

function shownKey(host: string, blob: Buffer, replaces: KnownKey[]): ShownKey {
  const key = `${keyType(blob)} ${blob.toString('base64')}`
  return { host, key, fingerprint: fingerprint(blob), replaces }
}

/** Host key algorithms in the order of the keys known for the host, so that it shows one of these. */
export function knownAlgorithms(route: Route, known: KnownHosts): string[] {
  return known
    .types(nameOf(route))
    .flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]))
}

function nameOf(route: Route): string {
  return route.alias ?? knownName(route.address, route.port)
}

function meet(
  route: Route,
  name: string,
  blob: Buffer,
  policy: HostKeyPolicy,
  authority: KnownKey | undefined,
): ConnectError | undefined {
  const print = `${keyType(blob)} ${fingerprint(blob)}`
  if (!policy.acceptNew) {
    return new ConnectError(`${route.host.name}: the key of ${name} is not known: ${print}`, {
      hint: `compare the fingerprint at the host, then log in once with 'ssh ${route.user}@${route.address}'`,
    })
  }
  if (authority) {
    const at = `${authority.file}:${authority.line}`
    policy.onNotice(
      `${route.host.name}: the certificate authority of ${at} can't be checked; trusting ${print}`,
    )
  }
  try {
    policy.known.add(name, blob)
  } catch (error) {
    policy.onNotice(`${route.host.name}: can't remember the key of ${name}: ${(error as Error).message}`)
  }
  return undefined
}

function changed(route: Route, name: string, blob: Buffer, known: KnownKey[]): ConnectError {
  const [first] = known as [KnownKey]
  const same = known.find((one) => one.type === keyType(blob)) ?? first
  const old = fingerprint(Buffer.from(same.key, 'base64'))
  return new ConnectError(
    `${route.host.name}: the host key of ${name} has changed: ${same.file}:${same.line} has ${same.type} ${old}, ` +
      `but the host shows ${keyType(blob)} ${fingerprint(blob)}`,
    {
      hint:
        'somebody may be listening in; if the host was installed anew, compare the fingerprint there and then run ' +
        `ssh-keygen -R '${name}' -f ${same.file}`,
    },
  )
}
