import { createHash } from 'node:crypto'
import type { LocalFile } from '../../src/core/task.ts'
import { contentFact } from '../../src/probe/files.ts'
import type { SeenFile } from '../../src/probe/filesurvey.ts'

export const emptyHash = createHash('sha256').update('').digest('hex')

/** A file as a probe would see it: an empty one, 0644 root:root, unless told otherwise. */
export function seen(fact: Partial<SeenFile>): SeenFile {
  const type = fact.type ?? 'file'
  const content =
    type === 'file' ? contentFact({ text: fact.text ?? '' }) : { size: 0, sha256: null, text: null }
  return { type, mode: '0644', owner: 'root', group: 'root', ...content, ...fact }
}

/** A file of the controller. */
export function local(content: string | Buffer, path = 'files/x'): LocalFile {
  const bytes = Buffer.from(content)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const text = bytes.includes(0) || bytes.length > 65536 ? null : bytes.toString()
  return { path, size: bytes.length, sha256, text }
}
