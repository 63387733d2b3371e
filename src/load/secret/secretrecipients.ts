import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { checkRecipient } from './secretage.ts'
import { SecretError } from './secreterror.ts'
import { ownRecipients } from './secretkeys.ts'

/** One public key a line, as `age -R` reads it. */
export const RECIPIENTS_FILE = '.age-recipients'

/** For whom something is encrypted, and which file says so; none: the user alone. */
export interface Recipients {
  keys: string[]
  file?: string
}

/** What the nearest .age-recipients in that folder or above it says; without one, the user's own key. Throws SecretError. */
export async function recipientsFor(folder: string): Promise<Recipients> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, RECIPIENTS_FILE)
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw new SecretError(`${file} can't be read: ${error.message}`)
    })
    if (text !== undefined) return { keys: await keysIn(text, file), file }
    if (at === dirname(at)) return { keys: await ownRecipients() }
  }
}

async function keysIn(text: string, file: string): Promise<string[]> {
  const lines = text.split('\n').map((line, index) => ({ key: line.trim(), number: index + 1 }))
  const keys = lines.filter(({ key }) => key !== '' && !key.startsWith('#'))
  for (const { key, number } of keys)
    await checkRecipient(key).catch(() => {
      throw new SecretError(`${file}:${number}: '${key}' is no public key of age`, hintFor(key))
    })
  if (keys.length === 0)
    throw new SecretError(`${file} names no public key`, "add one: 'provision secret keygen' prints it")
  return keys.map(({ key }) => key)
}

function hintFor(key: string): string {
  if (key.startsWith('AGE-SECRET-KEY'))
    return 'this is a private key: remove it, it has been seen; make a new one'
  return key.startsWith('ssh-')
    ? 'SSH keys are not supported: use a key that begins with age1'
    : 'it begins with age1'
}
