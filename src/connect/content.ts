import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { ArchiveEntry } from '../base/tar.ts'
import { CommandError } from '../core/errors.ts'
import type { Content, LocalFile } from '../core/task.ts'
import { archiveBytes } from '../load/file/archive.ts'

/** Up to this many bytes travel inside a script. */
const SMALL = 64 * 1024
const SLICE = 256 * 1024

/** Content ready to be sent: as text inside a script, or as a stream. */
export type Load =
  | { kind: 'inline'; sha256: string; base64: string }
  | { kind: 'stream'; sha256: string; size: number; open(): Readable }

/** True when the content is too large to travel inside a script. */
export function isLarge(content: Content): boolean {
  return ('text' in content ? Buffer.byteLength(content.text) : content.local.size) > SMALL
}

/** Reads small content at once: waiting would let a later command overtake it. */
export function loadContent(content: Content): Load {
  if ('text' in content) return loadBytes(Buffer.from(content.text))
  const { path, size, sha256, base64, entries } = content.local
  if (base64 !== undefined) return loadBytes(Buffer.from(base64, 'base64'))
  if (entries !== undefined) return loadArchive(content.local, entries)
  const open = () => createReadStream(path, { highWaterMark: SLICE })
  if (size > SMALL) return { kind: 'stream', sha256, size, open }
  try {
    return { kind: 'inline', sha256, base64: readFileSync(path, 'base64') }
  } catch (error) {
    throw unreadable(path, error as Error)
  }
}

function loadArchive({ path, size, sha256 }: LocalFile, entries: ArchiveEntry[]): Load {
  if (size > SMALL) return { kind: 'stream', sha256, size, open: () => Readable.from(archiveBytes(entries)) }
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
  return { kind: 'stream', sha256, size: bytes.length, open: () => Readable.from(slices(bytes)) }
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE)
}
