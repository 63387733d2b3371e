import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const ROOT = '/sys/fs/cgroup'

/** Removes a control group of the lab, and those below it, from every hierarchy once their processes have ended. */
export async function removeGroups(path: string): Promise<void> {
  for (const hierarchy of existsSync(ROOT) ? readdirSync(ROOT) : []) {
    const directory = `${ROOT}/${hierarchy}/${path}`
    // A process that has ended counts until its parent has taken notice.
    for (let tries = 0; !removeTree(directory) && tries < 100; tries++) await pause(50)
  }
}

/** True once it is gone. */
function removeTree(directory: string): boolean {
  if (!existsSync(directory)) return true
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory() && !removeTree(`${directory}/${entry.name}`)) return false
  try {
    rmdirSync(directory)
    return true
  } catch {
    return false
  }
}

/** Removes a control group that serves several labs, unless another one is using it. */
export function removeEmptyGroup(path: string): void {
  for (const hierarchy of existsSync(ROOT) ? readdirSync(ROOT) : []) {
    try {
      rmdirSync(`${ROOT}/${hierarchy}/${path}`)
    } catch {}
  }
}
