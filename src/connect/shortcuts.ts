import type { Client, ParsedKey } from 'ssh2'
import { exchangePlainKeys, type KeyExchange } from './keyexchange.ts'

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void

/** What ssh2 has no options for. */
interface Protocol {
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void
  /** Undefined before the exchange of keys. */
  _kex?: KeyExchange
  _handlers: { GLOBAL_REQUEST: (of: Protocol, name: string, wantReply: boolean, data: unknown) => void }
}

/**
 * Spares a login the round trips and signatures that it can do without. They are left out of a version of ssh2 that
 * is made otherwise: it all works without them, too.
 */
export function takeShortcuts(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol?: Partial<Protocol> }
  if (typeof protocol?.authPK === 'function') signAtOnce(protocol as Protocol)
  if (protocol !== undefined && '_kex' in protocol) catchExchange(protocol as Protocol)
  if (typeof protocol?._handlers?.GLOBAL_REQUEST === 'function') forgoProofs(protocol as Protocol)
}

/** ssh2 asks whether a key would be welcome before it signs, as is right for keys that a prompt or an agent guards. */
function signAtOnce(protocol: Protocol): void {
  const authenticate = protocol.authPK.bind(protocol)
  protocol.authPK = (user, key, algorithm, sign) => {
    const direct: Sign = (data, done) => {
      const signature = key.sign(data)
      if (signature instanceof Error) authenticate(user, key, algorithm)
      else done(signature)
    }
    // With RSA the server has a say in how it is signed.
    const isOurs = key.isPrivateKey() && key.type !== 'ssh-rsa'
    authenticate(user, key, algorithm, sign ?? (isOurs ? direct : undefined))
  }
}

/** It is made in the middle of the handshake, and used at once. */
function catchExchange(protocol: Protocol): void {
  let exchange: KeyExchange | undefined
  const set = (made: KeyExchange | undefined): void => {
    exchange = made
    if (made) exchangePlainKeys(made)
  }
  Object.defineProperty(protocol, '_kex', { get: () => exchange, set })
}

/** sshd names all its host keys after a login; ssh2 has it sign with each of them, which nobody here looks at. */
function forgoProofs({ _handlers: handlers }: Protocol): void {
  const answer = handlers.GLOBAL_REQUEST
  handlers.GLOBAL_REQUEST = (protocol, name, wantReply, data) => {
    if (name !== 'hostkeys-00@openssh.com' || wantReply) answer(protocol, name, wantReply, data)
  }
}
