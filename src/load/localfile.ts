import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { memberHint } from './values.ts'
import type { LocalFile } from '../core/task.ts'
import { isLate, LATE } from './late.ts'
import type { Program } from './program.ts'
import { TemplateError } from './templateerror.ts'

/** In bytes. */
const MOST_TEXT = 64 * 1024
const CHUNK = 256 * 1024

const caches = new WeakMap<Program, Map<string, LocalFile>>()

/** Finds a file that an argument names, beside the playbook or in that subfolder, and reads it once per run. */
export function readLocalFile(program: Program, name: string, subfolder: 'files' | 'templates'): LocalFile {
  if (isLate(name)) return { path: name, size: 0, sha256: LATE, text: null }
  const path = find(dirname(program.playbook), name, subfolder)
  const cache = caches.get(program) ?? new Map<string, LocalFile>()
  caches.set(program, cache)
  const file = cache.get(path) ?? explained(path, () => read(path))
  cache.set(path, file)
  return file
}

function find(folder: string, name: string, subfolder: string): string {
  const tried = [resolve(folder, name), resolve(folder, subfolder, name)]
  for (const path of tried) {
    const kind = kindOf(path)
    if (kind === 'file') return path
    if (kind !== undefined) throw new TemplateError(`'${name}' is ${kind}, not a file`, `looked at ${path}`)
  }
  const near = tried.flatMap((path) => siblings(path))
  const hint = near.length === 0 ? undefined : memberHint(basename(name), near)
  throw new TemplateError(
    `there is no file '${name}'`,
    hint ?? `looked for ${[...new Set(tried)].join(' and ')}`,
  )
}

function kindOf(path: string): string | undefined {
  const stats = explained(path, () => statSync(path, { throwIfNoEntry: false }))
  if (stats === undefined) return undefined
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'a directory' : 'a device or socket'
}

function siblings(path: string): string[] {
  try {
    return readdirSync(dirname(path))
  } catch {
    return []
  }
}

/** Reads in pieces, so that a large file costs no memory. */
function read(path: string): LocalFile {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(CHUNK)
  let size = 0
  let head = Buffer.alloc(0)
  const file = openSync(path, 'r')
  try {
    for (let count = -1; count !== 0; ) {
      count = readSync(file, buffer, 0, CHUNK, null)
      const piece = buffer.subarray(0, count)
      hash.update(piece)
      if (size <= MOST_TEXT) head = Buffer.concat([head, piece])
      size += count
    }
  } finally {
    closeSync(file)
  }
  return { path, size, sha256: hash.digest('hex'), text: size <= MOST_TEXT ? decode(head) : null }
}

/** A file that can't be reached or read, be it for a failing disk, is the user's to mend. */
function explained<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
    const reason = denied
      ? `no permission to read ${path}`
      : `${path} can't be read: ${(error as Error).message}`
    throw new TemplateError(reason, `check it with: ls -l ${path}`)
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** The file as it is after its templates have been evaluated; its text is always there. */
export function renderedFile(source: LocalFile, text: string): LocalFile {
  const sha256 = isLate(text) ? LATE : createHash('sha256').update(text).digest('hex')
  return { path: source.path, size: Buffer.byteLength(text), sha256, text }
}
