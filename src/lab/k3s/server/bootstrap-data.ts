import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { OpenJournal } from '../api/journal.ts'
import { readFile, writeFile } from '../files.ts'

const files = ['server-ca', 'client-ca']
  .flatMap((name) => ['crt', 'key', 'name'].map((extension) => `${name}.${extension}`))
  .concat('service.key')

interface BootstrapData {
  files: Record<string, string>
  /** SHA-256 of the password in the server's token, by which the real one encrypts this. */
  token: string
}

const note = 'bootstrap'

const hashOf = (password: string) => createHash('sha256').update(password).digest('hex')

/** Puts the authorities back from the datastore where their files are gone: a copy of it is enough for a new server. */
export function restoreAuthorities(directory: string, journal: OpenJournal): void {
  const kept = journal.note(note) as BootstrapData | undefined
  for (const [name, text] of Object.entries(kept?.files ?? {})) {
    const path = join(directory, 'tls', name)
    if (readFile(path) === undefined) writeFile(path, text)
  }
}

/** Keeps the authorities in the datastore. */
export function keepAuthorities(directory: string, journal: OpenJournal, password: string): void {
  const found = files.map((name) => [name, readFile(join(directory, 'tls', name)) ?? ''])
  const data: BootstrapData = { files: Object.fromEntries(found), token: hashOf(password) }
  journal.keepNote(note, data)
}

/** True when the datastore was made under another token, and so is of no use. */
export function isForAnotherToken(journal: OpenJournal, password: string): boolean {
  const kept = journal.note(note) as BootstrapData | undefined
  return kept !== undefined && kept.token !== hashOf(password)
}
