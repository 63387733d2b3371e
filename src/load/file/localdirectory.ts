import { createHash } from 'node:crypto'
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ArchiveEntry } from '../../base/tar.ts'
import type { LocalDirectory } from '../../core/task.ts'
import { archiveBytes, contentBytes } from './archive.ts'
import { ignoring, takesIn } from './ignorefile.ts'
import { isLate, LATE } from '../../core/late.ts'
import type { Program } from '../program.ts'
import { TemplateError } from '../template/templateerror.ts'

const caches = new WeakMap<Program, Map<string, LocalDirectory>>()

/**
 * Finds a directory that an argument names, in one of the folders or in `files` below it, and reads it once per run. As a
 * context for docker it lacks what its .dockerignore says; as a tree it has all files, each with its checksum.
 */
export function readLocalDirectory(
  program: Program,
  name: string,
  folders: string[],
  as: 'context' | 'tree' = 'context',
): LocalDirectory {
  if (isLate(name)) return { path: name, size: 0, sha256: LATE, text: null, entries: [] }
  const tried = folders.flatMap((folder) => [resolve(folder, name), resolve(folder, 'files', name)])
  const path = tried.find((one) => lstat(one)?.isDirectory())
  if (path === undefined)
    throw new TemplateError(
      `there is no directory '${name}'`,
      `looked for ${[...new Set(tried)].join(' and ')}`,
    )
  const cache = caches.get(program) ?? new Map<string, LocalDirectory>()
  caches.set(program, cache)
  const key = `${as} ${path}`
  const known = cache.get(key) ?? readable(path, () => read(path, as))
  cache.set(key, known)
  return known
}

function lstat(path: string) {
  return lstatSync(path, { throwIfNoEntry: false })
}

function readable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new TemplateError(
      `${path} can't be read: ${(error as Error).message}`,
      `check it with: ls -lR ${path}`,
    )
  }
}

function read(path: string, as: 'context' | 'tree'): LocalDirectory {
  const entries = as === 'context' ? entriesOf(path, ignoreText(path)) : entriesOf(path, '').map(withChecksum)
  const hash = createHash('sha256')
  let size = 0
  for (const bytes of archiveBytes(entries)) {
    hash.update(bytes)
    size += bytes.length
  }
  return { path, size, sha256: hash.digest('hex'), text: null, entries }
}

const IGNORE = '.dockerignore'

function withChecksum(entry: ArchiveEntry): ArchiveEntry {
  if (entry.kind !== 'file') return entry
  const hash = createHash('sha256')
  for (const bytes of contentBytes(entry)) hash.update(bytes)
  return { ...entry, sha256: hash.digest('hex') }
}

function ignoreText(root: string): string {
  return lstat(join(root, IGNORE))?.isFile() ? readFileSync(join(root, IGNORE), 'utf8') : ''
}

/** Sorted by name, so that the order of a directory does not matter. */
function entriesOf(root: string, text: string): ArchiveEntry[] {
  const ignored = ignoring(text)
  const below = (folder: string): ArchiveEntry[] => {
    const found = readdirSync(join(root, folder), { withFileTypes: true })
    return found.sort(byName).flatMap((one) => {
      const name = folder === '' ? one.name : `${folder}/${one.name}`
      const out = ignored(name)
      if (out && !(one.isDirectory() && takesIn(text))) return []
      const inner = one.isDirectory() ? below(name) : []
      return out && inner.length === 0 ? [] : [...entryOf(root, name), ...inner]
    })
  }
  return below('')
}

function byName(one: Dirent, other: Dirent): number {
  return one.name < other.name ? -1 : 1
}

/** Sockets and the like do not travel. Whether others of the group may write differs between checkouts. */
function entryOf(root: string, name: string): ArchiveEntry[] {
  const source = join(root, name)
  const stats = lstatSync(source)
  if (stats.isSymbolicLink())
    return [{ name, kind: 'link', mode: 0o777, size: 0, target: readlinkSync(source), source }]
  const mode = stats.mode & 0o7755
  if (stats.isDirectory()) return [{ name, kind: 'directory', mode, size: 0, source }]
  return stats.isFile() ? [{ name, kind: 'file', mode, size: stats.size, source }] : []
}
