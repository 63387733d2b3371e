import { processSecrets } from '../../base/redact.ts'
import { UsageError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import { SecretError } from './secreterror.ts'
import { open } from './secretopen.ts'

/** Text around the templates of a value is masked from this length on. */
const LONG_PART = 8

/**
 * Decrypts a file and parses what it holds. Throws UsageError; about a mistake in it nothing more is told than the
 * line, as any word of it may be secret.
 */
export async function openYaml<T>(bytes: Buffer, file: string, parse: (text: Buffer) => T): Promise<T> {
  const text = await open(bytes, file).catch((error: unknown) => {
    if (!(error instanceof SecretError)) throw error
    const place = { file, line: 1, column: 1 }
    throw new UsageError([{ severity: 'error', place, message: error.message, hint: error.hint }])
  })
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof UsageError) || error.message === 'the file is empty') throw error
    throw new UsageError(
      error.diagnostics.map(({ place }) => ({
        severity: 'error',
        place: { file, line: 1, column: 1 },
        message: `what this file holds is no valid YAML, on line ${place?.line ?? 1} of the decrypted text`,
        hint: `mend it with: provision secret edit ${file}`,
      })),
    )
  }
}

/** All values of an encrypted file are secrets, as far as they are long enough to be masked. */
export function rememberValues(value: Json): void {
  if (typeof value === 'number') processSecrets.add(String(value))
  else if (typeof value === 'string') rememberText(value)
  else if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) rememberValues(one)
}

/** What a template evaluates to is not known yet, but the text around it is. */
function rememberText(text: string): void {
  processSecrets.add(text)
  const parts = text.split(/\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}/s)
  if (parts.length > 1)
    for (const part of parts) if (part.trim().length >= LONG_PART) processSecrets.add(part)
}
