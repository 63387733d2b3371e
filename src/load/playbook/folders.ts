import { readdirSync, type Stats, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Names in a folder; none when it can't be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() ?? false
}

export function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() ?? false
}

/** What no file can be called, or nobody may look at, is not there. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Where files are kept that can be made again; they belong to the user. */
export function cacheFolder(part: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'provision', part)
}
