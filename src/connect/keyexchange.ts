import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'

/** What ssh2 does an exchange of keys with; one by Curve25519 has its own keys in this place. */
export interface KeyExchange {
  _keys?: { publicKey: KeyObject; privateKey: KeyObject } | null
  generateKeys?(): void
  getPublicKey?(): Buffer
  computeSecret?(theirs: Buffer): Buffer | Error
}

/** ssh2 has OpenSSL write and read keys of Curve25519 as documents, which takes much longer than to use them. */
export function exchangePlainKeys(exchange: KeyExchange): void {
  if (exchange._keys !== null || exchange.generateKeys === undefined) return
  const keys = () => {
    exchange.generateKeys!()
    return exchange._keys!
  }
  exchange.getPublicKey = () => Buffer.from(keys().publicKey.export({ format: 'jwk' }).x!, 'base64url')
  exchange.computeSecret = (theirs) => {
    try {
      const key = { kty: 'OKP', crv: 'X25519', x: theirs.toString('base64url') }
      const publicKey = createPublicKey({ format: 'jwk', key })
      return asMpint(diffieHellman({ privateKey: keys().privateKey, publicKey }))
    } catch (error) {
      return error as Error
    }
  }
}

/** As SSH writes a positive number: no leading zeros, but for one where the first bit would make it negative. */
function asMpint(number: Buffer): Buffer {
  const bare = number.subarray(number.findIndex((byte) => byte !== 0))
  return bare[0]! & 0x80 ? Buffer.concat([Buffer.alloc(1), bare]) : bare
}
