import { closeSync, openSync, readSync } from 'node:fs'
import { type ArchiveEntry, TAR_END, tarHeader, tarPadding } from '../../base/tar.ts'

const SLICE = 256 * 1024

/** The bytes of a tar archive, read as they are asked for. A file that has changed its size is cut or filled up. */
export function* archiveBytes(entries: ArchiveEntry[]): Generator<Buffer> {
  for (const entry of entries) {
    yield tarHeader(entry)
    if (entry.kind !== 'file') continue
    yield* contentBytes(entry)
    yield tarPadding(entry.size)
  }
  yield TAR_END
}

/** The content of a file as it goes into an archive. */
export function* contentBytes({ source, size }: ArchiveEntry): Generator<Buffer> {
  const file = openSync(source, 'r')
  try {
    for (let left = size; left > 0; ) {
      const buffer = Buffer.alloc(Math.min(SLICE, left))
      const count = readSync(file, buffer, 0, buffer.length, null)
      if (count === 0) return void (yield Buffer.alloc(left))
      yield buffer.subarray(0, count)
      left -= count
    }
  } finally {
    closeSync(file)
  }
}
