import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces a file in one step and makes the directories above it. */
export function writeFile(path: string, content: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.tmp`, content, { mode })
  renameSync(`${path}.tmp`, path)
}

/** The content, or undefined when there is no such file. */
export function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The content; what `make` returns is written first where there is no such file yet. */
export function readOrMake(path: string, make: () => string, mode = 0o600): string {
  const found = readFile(path)
  if (found !== undefined) return found
  const made = make()
  writeFile(path, made, mode)
  return made
}
