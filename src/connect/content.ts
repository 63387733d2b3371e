import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { ArchiveEntry } from '../base/tar.ts'
import { CommandError } from '../core/errors.ts'
import type { Content, LocalFile } from '../core/task.ts'
import type { PutFile } from './connection.ts'
import { archiveBytes } from '../load/file/archive.ts'

/** Up to this many bytes travel inside a script. */
const SMALL = 64 * 1024
const SLICE = 256 * 1024

/** Content ready to be sent: as text inside a script, or as a stream. */
export type Load = { kind: 'inline'; sha256: string; base64: string } | Streamed

export interface Streamed {
  kind: 'stream'
  sha256: string
  size: number
  /** Reads it, or what comes behind its first `from` bytes. */
  open(from?: number): Readable
}

/** True when the content is too large to travel inside a script. */
export function isLarge(content: Content): boolean {
  return ('text' in content ? Buffer.byteLength(content.text) : content.local.size) > SMALL
}

const OTHERS_READ = 0o004

/** True when the content is a file as it lies here, of no secrets, that everybody on the host may read in the end. */
export function isPublic({ content, mode = '0' }: PutFile): boolean {
  const plain = 'local' in content && content.local.base64 === undefined && content.local.text === null
  return plain && (Number.parseInt(mode, 8) & OTHERS_READ) !== 0
}

/** Reads small content at once: waiting would let a later command overtake it. */
export function loadContent(content: Content): Load {
  if ('text' in content) return loadBytes(Buffer.from(content.text))
  const { path, size, sha256, base64, entries } = content.local
  if (base64 !== undefined) return loadBytes(Buffer.from(base64, 'base64'))
  if (entries !== undefined) return loadArchive(content.local, entries)
  const open = (start = 0) => createReadStream(path, { start, highWaterMark: SLICE })
  if (size > SMALL) return { kind: 'stream', sha256, size, open }
  try {
    return { kind: 'inline', sha256, base64: readFileSync(path, 'base64') }
  } catch (error) {
    throw unreadable(path, error as Error)
  }
}

function loadArchive({ path, size, sha256 }: LocalFile, entries: ArchiveEntry[]): Load {
  if (size > SMALL)
    return {
      kind: 'stream',
      sha256,
      size,
      open: (from) => Readable.from(behind(archiveBytes(entries), from)),
    }
  try {
    return { kind: 'inline', sha256, base64: Buffer.concat([...archiveBytes(entries)]).toString('base64') }
  } catch (error) {
    throw unreadable(path, error as Error)
  }
}

export function unreadable(path: string, error: Error): CommandError {
  const at = { code: 1, command: `read ${path}`, stderr: '' }
  return new CommandError(`can't read the local file ${path}: ${error.message}`, at)
}

function loadBytes(bytes: Buffer): Load {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (bytes.length <= SMALL) return { kind: 'inline', sha256, base64: bytes.toString('base64') }
  return streamOf(bytes, sha256)
}

function streamOf(bytes: Buffer, sha256: string): Streamed {
  const open = (from = 0) => Readable.from(slices(bytes.subarray(from)))
  return { kind: 'stream', sha256, size: bytes.length, open }
}

/** A text for a program that reads it to its end; nothing checks it. */
export function spoken(text: string): Streamed {
  return streamOf(Buffer.from(text), '')
}

function* behind(chunks: Iterable<Buffer>, from = 0): Generator<Buffer> {
  let skip = from
  for (const chunk of chunks) {
    if (skip < chunk.length) yield chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.length)
  }
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE)
}
