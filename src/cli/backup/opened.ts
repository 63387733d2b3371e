import type { BackupView } from '../../probe/restoreplan.ts'
import { explained } from '../secret.ts'
import { type ChoiceFlags, chooseBackup } from './choose.ts'
import { ageText } from './report.ts'
import type { Backup } from './store.ts'
import { requireKeys, verifyBackup } from './verify.ts'

/** A backup that is whole, and the keys that open it. */
export interface OpenedBackup {
  backup: Backup
  keys: string[]
}

/** The backup to go back to, read to its end before any host is contacted; undefined where there is none. Throws UsageError. */
export function openForRestore(server: string, flags: ChoiceFlags): Promise<OpenedBackup | undefined> {
  return explained(async () => {
    const backup = await chooseBackup(server, flags)
    if (backup === undefined) return undefined
    const keys = await requireKeys(backup)
    await verifyBackup(backup, keys)
    return { backup, keys }
  })
}

/** What is told of it. */
export function viewOf(opened: OpenedBackup | undefined): BackupView | undefined {
  if (opened === undefined) return undefined
  const { name, manifest } = opened.backup
  const { taken, k3s_version, nodes, images } = manifest
  return { name, age: ageText(manifest, Date.now()), taken, k3s_version, nodes, images }
}
