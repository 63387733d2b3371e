import { newPlaceholder } from '../../base/redact.ts'
import type { Place } from '../../core/place.ts'
import { LATE } from '../../core/late.ts'

/** Where the value of a secret comes from. Paths are absolute. */
export type SecretSource =
  | { from: 'age'; text: string }
  | { from: 'env'; name: string }
  | { from: 'file'; path: string }
  | { from: 'prompt'; question: string }
  | { from: 'command'; command: string; folder: string }
  /** A file that a step uses, encrypted as a whole. */
  | { from: 'content'; path: string }

/** A secret as it was written; its value is looked up when something needs it. */
export interface Secret {
  source: SecretSource
  place: Place
  state: 'unknown' | 'known' | 'failed'
  value?: Buffer
}

const secrets = new Map<string, Secret>()
const contents = new Map<string, Secret>()
const wanted = new Set<Secret>()

/** Takes note of a secret; what is returned stands for its value in plain data. */
export function declareSecret(source: SecretSource, place: Place): string {
  const placeholder = newPlaceholder()
  secrets.set(placeholder, { source, place, state: 'unknown' })
  return placeholder
}

/** The value behind a placeholder; LATE, and wanted from now on, as long as it has not been looked up. */
export function secretText(placeholder: string): string {
  const secret = secrets.get(placeholder)
  return secret === undefined ? LATE : (valueOf(secret)?.toString('utf8') ?? LATE)
}

/** What an encrypted file holds; undefined, and wanted from now on, as long as it has not been decrypted. */
export function secretContent(path: string): Buffer | undefined {
  const place = { file: path, line: 1, column: 1 }
  const secret = contents.get(path) ?? { source: { from: 'content', path }, place, state: 'unknown' }
  contents.set(path, secret)
  return valueOf(secret)
}

function valueOf(secret: Secret): Buffer | undefined {
  if (secret.state === 'unknown') wanted.add(secret)
  return secret.value
}

/** The secrets that something has needed since the last call and that nobody has looked up. */
export function takeWanted(): Secret[] {
  const taken = [...wanted].filter(({ state }) => state === 'unknown')
  wanted.clear()
  return taken
}
