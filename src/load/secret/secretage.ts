import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { SecretError } from './secreterror.ts'

/** Loaded where a secret is at hand only: it takes longer to start than all the rest. */
const age = (): Promise<typeof import('age-encryption')> => import('age-encryption')

/** Keys as age-keygen writes them, or a passphrase. */
export type Keys = { identities: string[] } | { passphrase: string }

/** Encrypts for all recipients; the result is text. Throws SecretError for a recipient that is none. */
export async function encrypt(content: Uint8Array | string, recipients: string[]): Promise<string> {
  const { Encrypter, armor } = await age()
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return armor.encode(await encrypter.encrypt(content)).trimEnd()
}

/** Why the text did not open: no key fits, or it was changed after it was encrypted. */
export class Unopened extends SecretError {
  readonly reason: 'keys' | 'damage'
  constructor(reason: 'keys' | 'damage') {
    super(reason === 'keys' ? 'no key opens it' : 'it is damaged')
    this.reason = reason
  }
}

/** Throws Unopened. */
export async function decrypt(file: Uint8Array, keys: Keys): Promise<Buffer> {
  const { Decrypter } = await age()
  const decrypter = new Decrypter()
  if ('passphrase' in keys) decrypter.addPassphrase(keys.passphrase)
  else for (const identity of keys.identities) decrypter.addIdentity(identity)
  try {
    return Buffer.from(await decrypter.decrypt(file))
  } catch (error) {
    throw unopened(error)
  }
}

/** Encrypts a stream for all recipients, piece by piece; the result is binary. */
export async function encryptStream(plain: Readable, recipients: string[]): Promise<Readable> {
  const { Encrypter } = await age()
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return Readable.fromWeb((await encrypter.encrypt(webOf(plain))) as unknown as ReadableStream)
}

/** Throws Unopened where no key fits; what was damaged shows as an error of the stream. */
export async function decryptStream(sealed: Readable, identities: string[]): Promise<Readable> {
  const { Decrypter } = await age()
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  try {
    return Readable.fromWeb((await decrypter.decrypt(webOf(sealed))) as unknown as ReadableStream)
  } catch (error) {
    throw unopened(error)
  }
}

function webOf(stream: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as unknown as globalThis.ReadableStream<Uint8Array>
}

function unopened(error: unknown): Unopened {
  return new Unopened((error as Error).message.startsWith('no identity matched') ? 'keys' : 'damage')
}

/** Throws when the text is no recipient that can be encrypted for. */
export async function checkRecipient(recipient: string): Promise<void> {
  const { Encrypter } = await age()
  new Encrypter().addRecipient(recipient)
}

export async function newIdentity(): Promise<string> {
  return (await age()).generateX25519Identity()
}

/** The public half of a key. Throws when the text is no key. */
export async function recipientOf(identity: string): Promise<string> {
  return (await age()).identityToRecipient(identity)
}
