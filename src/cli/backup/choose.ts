import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { labPlaces } from '../../lab/places.ts'
import { type Backup, backupsFolder, listBackups, openBackup } from './store.ts'

export interface ChoiceFlags {
  /** A backup by its name or its folder, or a folder with backups. */
  from?: string
  lab?: boolean
}

/** The backup that is named, else the newest of that server; undefined where there is none. Throws UsageError for one of another cluster. */
export async function chooseBackup(server: string, flags: ChoiceFlags): Promise<Backup | undefined> {
  const { from, lab } = flags
  const named = from === undefined ? undefined : folderOf(from, flags)
  if (named !== undefined) return checked(await openBackup(named), server, lab)
  const { backups } = await listBackups(backupsFolder({ to: from, lab }))
  return backups.find((one) => problemOf(one, server, lab) === undefined)
}

/** Undefined where it is a folder with backups. */
function folderOf(from: string, { lab }: ChoiceFlags): string | undefined {
  if (!from.includes('/') && !existsSync(from)) return join(backupsFolder({ lab }), from)
  const folder = resolve(from)
  return existsSync(folder) && !existsSync(join(folder, 'manifest.json')) ? undefined : folder
}

function checked(backup: Backup, server: string, lab = false): Backup {
  const problem = problemOf(backup, server, lab)
  if (problem === undefined) return backup
  throw new UsageError(
    `the backup ${backup.name} is ${problem}; nothing was contacted`,
    'name another one with --from',
  )
}

function problemOf({ manifest }: Backup, server: string, lab = false): string | undefined {
  if (manifest.server !== server) return `of the server ${manifest.server}, not of ${server}`
  const here = lab ? labPlaces().name : ''
  if (manifest.lab === here) return undefined
  return manifest.lab === '' ? 'of the real hosts, not of this lab' : `of the lab '${manifest.lab}'`
}
