import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { Unopened } from '../../load/secret/secretage.ts'
import { IdentityError } from '../../load/secret/secreterror.ts'
import { identities, identityFile, ownRecipients } from '../../load/secret/secretkeys.ts'
import type { Part } from './manifest.ts'
import { type Measure, measureSealed } from './sealed.ts'
import type { Backup } from './store.ts'

/** The user's keys, as far as they open that backup; undefined where none does. Throws SecretError for keys that can't be used. */
export async function keysFor({ manifest }: Pick<Backup, 'manifest'>): Promise<string[] | undefined> {
  const own = await ownRecipients().catch((error: unknown) => {
    if (error instanceof IdentityError) return []
    throw error
  })
  return own.some((one) => manifest.recipients.includes(one)) ? identities() : undefined
}

/**
 * Reads every part to its end and compares it with what was taken. Without `keys` only the encrypted files are compared.
 * Throws UsageError for a backup that is not whole.
 */
export async function verifyBackup(backup: Backup, keys: string[] | undefined): Promise<void> {
  const { folder, manifest } = backup
  const there = await readdir(folder)
  for (const part of manifest.parts) {
    if (!there.includes(part.file)) throw damaged(backup, part, 'is missing')
    const found = await measureSealed(join(folder, part.file), keys).catch((error: unknown) => {
      throw damaged(backup, part, reasonOf(error))
    })
    if (!same(found.sealed, part.sealed) || (found.plain !== undefined && !same(found.plain, part)))
      throw damaged(backup, part, 'is not as it was written')
  }
}

function same(one: Measure, other: Measure): boolean {
  return one.size === other.size && one.sha256 === other.sha256
}

function reasonOf(error: unknown): string {
  if (error instanceof Unopened && error.reason === 'keys') return 'opens with another key than it says'
  return 'is not as it was written'
}

function damaged({ name, folder }: Backup, { file }: Part, why: string): UsageError {
  return new UsageError(
    `the backup ${name} is damaged: ${join(folder, file)} ${why}`,
    "take an older one with --from, or a copy of it; 'provision backup --list' shows all",
  )
}

/** Throws UsageError where the user has no key for it. */
export async function requireKeys(backup: Backup): Promise<string[]> {
  const keys = await keysFor(backup)
  if (keys !== undefined) return keys
  throw new UsageError(
    `no key in ${identityFile()} opens the backup ${backup.name}`,
    `it was encrypted for ${backup.manifest.recipients.join(', ')}: name the file with that key in PROVISION_IDENTITY`,
  )
}
