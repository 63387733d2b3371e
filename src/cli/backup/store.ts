import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { labPlaces } from '../../lab/places.ts'
import { type Manifest, readManifest } from './manifest.ts'

/** A backup that lies on this machine. */
export interface Backup {
  name: string
  folder: string
  manifest: Manifest
}

/** Where backups are kept unless a folder is named; those of a lab go with it. */
export function backupsFolder({ to, lab }: { to?: string; lab?: boolean }): string {
  if (to !== undefined) return resolve(to)
  if (lab) return join(labPlaces().state, 'backups')
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'provision/backups')
}

/** To the millisecond: a small cluster is saved within a second, and the next backup may follow at once. */
export function backupName(server: string, taken: string): string {
  return `${server}-${taken.replaceAll(':', '')}`
}

/** All backups in a folder, the newest first, and what can't be read of it. */
export async function listBackups(folder: string): Promise<{ backups: Backup[]; damaged: string[] }> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new UsageError(`${folder} can't be read: ${error.message}`)
  })
  const [backups, damaged]: [Backup[], string[]] = [[], []]
  for (const name of names.filter((one) => NAME.test(one)).sort()) {
    await openBackup(join(folder, name)).then(
      (backup) => backups.push(backup),
      (error: Error) => damaged.push(error.message),
    )
  }
  return { backups: backups.sort((a, b) => (a.manifest.taken < b.manifest.taken ? 1 : -1)), damaged }
}

const NAME = /^[^.].*-\d{4}-\d\d-\d\dT\d{6}(\.\d{3})?Z$/

/** Reads what a backup says of itself. Throws UsageError. */
export async function openBackup(folder: string): Promise<Backup> {
  const manifest = await readManifest(folder)
  return { name: basename(resolve(folder)), folder, manifest }
}
