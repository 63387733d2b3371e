import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Does `work` while no other process does anything under the same lock file. `waiting` is told once, with the id
 * of the process that holds it. A lock whose owner has died is taken over.
 */
export async function locked<T>(
  file: string,
  waiting: (pid: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  let told = false
  while (!take(file)) {
    const owner = ownerOf(file)
    if (owner === undefined) rmSync(file, { force: true })
    else if (!told) waiting(owner)
    told ||= owner !== undefined
    await pause(200)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** Linked in one go: a lock that does not name its owner yet would be taken for one whose owner has died. */
function take(file: string): boolean {
  const own = `${file}.${process.pid}`
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}`)
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own)
  }
}

function ownerOf(file: string): number | undefined {
  try {
    const [pid, start] = readFileSync(file, 'utf8').split(' ')
    return startOf(Number(pid)) === start ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

/** When the process started, in clock ticks since the machine did: tells a process from a later one of its number. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
