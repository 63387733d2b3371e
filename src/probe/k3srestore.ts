import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'

/** Lies in the server's directory as long as a restore is not done; holds the name of the backup. */
export const RESTORED = '/var/lib/rancher/k3s/server/.provision-restored'

/** Where a server stands between a backup and its first start. */
export type RestoreFact = {
  /** The backup is unpacked on this host. */
  unpacked: boolean
  /** k3s has a datastore already. */
  datastore: boolean
  /** What that was restored from, as long as the restore is not done; else empty. */
  restored: string
}

/** Looks whether the server was restored from what is unpacked at `from`. */
export function restoreProbe(from: string): Probe<RestoreFact> {
  return {
    key: `k3s-restore:${from}`,
    script: [
      sh`[ ! -d ${from} ] || echo unpacked`,
      'for one in /var/lib/rancher/k3s/server/db/*; do [ ! -e "$one" ] || { echo datastore; break; }; done',
      sh`[ ! -e ${RESTORED} ] || { printf 'restored '; cat ${RESTORED}; }`,
    ].join('\n'),
    parse: restoreFact,
  }
}

function restoreFact({ code, stdout, stderr }: Output): RestoreFact {
  if (code !== 0) throw new TaskError(`can't look at k3s's datastore: ${stderr.trim()}`)
  const text = stdout.toString()
  return {
    unpacked: /^unpacked$/m.test(text),
    datastore: /^datastore$/m.test(text),
    restored: /^restored (.*)$/m.exec(text)?.[1] ?? '',
  }
}
