import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { memberHint } from '../template/values.ts'
import type { LocalFile } from '../../core/task.ts'
import { isLate, LATE } from '../../core/late.ts'
import type { Program } from '../program.ts'
import { secretContent } from '../secret/secret.ts'
import { isEncrypted } from '../secret/secretarmor.ts'
import { TemplateError } from '../template/templateerror.ts'

/** In bytes. */
const MOST_TEXT = 64 * 1024
const CHUNK = 256 * 1024

interface FoundFile {
  file: LocalFile
  /** As a whole, with age: the host gets what it holds. */
  encrypted: boolean
}

const caches = new WeakMap<Program, Map<string, FoundFile>>()

/**
 * Finds a file that an argument names, in one of the folders or in that subfolder of it, and reads it once per run. One that is
 * encrypted is not known before it has been decrypted.
 */
export function readLocalFile(
  program: Program,
  name: string,
  subfolder: 'files' | 'templates',
  folders: string[] = [dirname(program.playbook)],
): LocalFile {
  if (isLate(name)) return { path: name, size: 0, sha256: LATE, text: null }
  const path = find(folders, name, subfolder)
  const cache = caches.get(program) ?? new Map<string, FoundFile>()
  caches.set(program, cache)
  const found = cache.get(path) ?? explained(path, () => read(path))
  cache.set(path, found)
  return found.encrypted ? decrypted(path) : found.file
}

function decrypted(path: string): LocalFile {
  const content = secretContent(path)
  if (content === undefined) return { path, size: 0, sha256: LATE, text: null }
  const sha256 = createHash('sha256').update(content).digest('hex')
  const text = content.length <= MOST_TEXT ? decode(content) : null
  return { path, size: content.length, sha256, text, base64: content.toString('base64') }
}

function find(folders: string[], name: string, subfolder: string): string {
  const tried = folders.flatMap((folder) => [resolve(folder, name), resolve(folder, subfolder, name)])
  const kinds = tried.map((path) => ({ path, kind: kindOf(path) }))
  const found = kinds.find(({ kind }) => kind === 'file')
  if (found !== undefined) return found.path
  const other = kinds.find(({ kind }) => kind !== undefined)
  if (other !== undefined)
    throw new TemplateError(`'${name}' is ${other.kind}, not a file`, `looked at ${other.path}`)
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
function read(path: string): FoundFile {
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
  const text = size <= MOST_TEXT ? decode(head) : null
  return { file: { path, size, sha256: hash.digest('hex'), text }, encrypted: isEncrypted(head) }
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
