import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../../core/errors.ts'

/** What one host had, as one encrypted archive. */
export interface Part {
  name: PartName
  host: string
  file: string
  /** Of the archive before it was encrypted. */
  size: number
  sha256: string
  /** Of the file as it lies here. */
  sealed: { size: number; sha256: string }
  /** What it was made of, where that can be told: a part of the same need not travel again. */
  fingerprint: string
}

export type PartName = 'server' | 'registry' | 'home'

/** What a backup says of itself; nothing of it is secret. */
export interface Manifest {
  format: 1
  /** In ISO 8601. */
  taken: string
  /** Name of the lab that it was taken in; empty for real hosts. */
  lab: string
  server: string
  access: string
  /** UID of the cluster. */
  cluster: string
  k3s_version: string
  nodes: string[]
  images: string[]
  /** Public keys of those who can open it. */
  recipients: string[]
  parts: Part[]
}

export const MANIFEST = 'manifest.json'

/** The text of a manifest; it ends with its own checksum. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ ...manifest, checksum: checksumOf(manifest) }, null, 2)}\n`
}

function checksumOf(manifest: Manifest): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex')
}

/** Throws UsageError when it is not there, or not as it was written. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, MANIFEST)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')
      throw new UsageError(`${file} can't be read: ${error.message}`)
    throw new UsageError(
      `there is no backup in ${folder}: it has no ${MANIFEST}`,
      "see what there is: 'provision backup --list'",
    )
  })
  try {
    const { checksum, ...manifest } = JSON.parse(text) as Manifest & { checksum: string }
    if (manifest.format === 1 && checksum === checksumOf(manifest)) return manifest
  } catch {
    // What is cut off is damaged, too.
  }
  throw new UsageError(`the backup in ${folder} is damaged: its ${MANIFEST} was changed`, 'take an older one')
}
