import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { decrypt, recipientOf, Unopened } from './secretage.ts'
import { encryptedBytes, isEncrypted, wantsPassphrase } from './secretarmor.ts'
import { askSecret, forgetAnswer } from './secretask.ts'
import { IdentityError, SecretError } from './secreterror.ts'

const KEYGEN = "make one with 'provision secret keygen', or name yours in PROVISION_IDENTITY"

/** The file with the user's private keys: the one that PROVISION_IDENTITY names, else ~/.config/provision/identity. */
export function identityFile(env: NodeJS.ProcessEnv = process.env): string {
  return env.PROVISION_IDENTITY
    ? expandHome(env.PROVISION_IDENTITY)
    : join(homedir(), '.config/provision/identity')
}

export function expandHome(path: string, folder = '.'): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(folder, path)
}

const read = new Map<string, Promise<string[]>>()

/** The user's private keys, read once. Throws SecretError. */
export function identities(file = identityFile()): Promise<string[]> {
  const known = read.get(file) ?? readIdentities(file)
  read.set(file, known)
  // Whoever tries again may have put it right in the meantime.
  known.catch(() => read.delete(file))
  return known
}

async function readIdentities(file: string): Promise<string[]> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new IdentityError(`there is no identity to decrypt with: no file ${file}`, KEYGEN)
    throw new IdentityError(
      `the identity ${file} can't be read: ${error.message}`,
      `check it with: ls -l ${file}`,
    )
  })
  const { mode } = await stat(file)
  if ((mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    throw new IdentityError(
      `others may read the identity ${file} (its mode is ${shown})`,
      `close it with: chmod 600 ${file}`,
    )
  }
  const text = isEncrypted(bytes) ? await openIdentity(file, bytes) : bytes
  return keysIn(text.toString('utf8'), file)
}

function keysIn(text: string, file: string): string[] {
  const keys = text.split('\n').flatMap((line) => /^\s*(AGE-SECRET-KEY-\S+)/.exec(line)?.[1] ?? [])
  if (keys.length > 0) return keys
  const ssh = /BEGIN (OPENSSH|RSA) PRIVATE KEY/.test(text)
  throw new IdentityError(
    ssh ? `${file} holds an SSH key, which can't decrypt here` : `${file} holds no age identity`,
    KEYGEN,
  )
}

async function openIdentity(file: string, bytes: Buffer): Promise<Buffer> {
  const content = encryptedBytes(bytes)
  if (!wantsPassphrase(content))
    throw new IdentityError(
      `the identity ${file} is encrypted, but not with a passphrase`,
      'name its plain file instead',
    )
  return openWithPassphrase(content, `Passphrase of ${file}`)
}

const ATTEMPTS = 3

/** Asks until the passphrase opens it, a few times. Throws SecretError. */
export async function openWithPassphrase(content: Buffer, question: string): Promise<Buffer> {
  const way = 'run it in a terminal, or use an identity without a passphrase'
  for (let attempt = 1; ; attempt++) {
    const passphrase = await askSecret(question, way)
    try {
      return await decrypt(content, { passphrase })
    } catch (error) {
      if (!(error instanceof Unopened) || error.reason !== 'keys') throw error
      forgetAnswer(question)
      if (attempt === ATTEMPTS) throw new SecretError('the passphrase is wrong', 'try again')
    }
  }
}

/** Public keys of the user, for those who encrypt for them. */
export async function ownRecipients(): Promise<string[]> {
  const file = identityFile()
  return Promise.all(
    (await identities(file)).map((key) =>
      recipientOf(key).catch(() => {
        throw new IdentityError(`a key in ${file} is damaged`, KEYGEN)
      }),
    ),
  )
}
