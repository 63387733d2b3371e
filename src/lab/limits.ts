import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const INOTIFY = '/proc/sys/fs/inotify/max_user_instances'
const ENOUGH = 8192
/** The machine's own value, for as long as any lab is up. */
const SAVED = '/run/provision-lab-inotify'

/** Each node needs about ten inotify instances, and all of them count as root's, of whom the kernel allows 128. */
export function raiseLimits(): void {
  const now = readFileSync(INOTIFY, 'utf8')
  if (Number(now) >= ENOUGH) return
  writeFileSync(SAVED, now)
  writeFileSync(INOTIFY, `${ENOUGH}`)
}

/** To be called when the last lab is gone. */
export function restoreLimits(): void {
  if (!existsSync(SAVED)) return
  writeFileSync(INOTIFY, readFileSync(SAVED))
  rmSync(SAVED)
}
