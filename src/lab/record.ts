import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { LabNode } from './nodes.ts'
import type { LabPlaces } from './places.ts'

/** What a lab was started with. */
export interface LabRecord {
  /** Directory of the image. */
  image: string
  nodes: LabNode[]
}

export function readRecord(lab: LabPlaces): LabRecord | null {
  try {
    return JSON.parse(readFileSync(lab.record, 'utf8')) as LabRecord
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

export function writeRecord(lab: LabPlaces, record: LabRecord): void {
  writeFileSync(`${lab.record}.new`, JSON.stringify(record, null, 2))
  renameSync(`${lab.record}.new`, lab.record)
}
