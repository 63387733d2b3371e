import { type Diagnostic, type Place, placeText } from '../../core/place.ts'

/** A secret that can't be had, or a key that can't be used; whoever knows where it was written adds the place. */
export class SecretError extends Error {
  override name = 'SecretError'
  readonly hint: string | undefined
  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** The user's own key is the cause, whichever secret it was to open. */
export class IdentityError extends SecretError {
  override name = 'IdentityError'
}

export interface SecretFailure {
  place?: Place
  error: SecretError
}

/** One mistake for each cause: a missing identity is told once, not at every secret. */
export function secretDiagnostics(failures: SecretFailure[]): Diagnostic[] {
  const causes = new Map<string, SecretFailure[]>()
  for (const failure of failures.toSorted(byPlace)) {
    const { error, place } = failure
    const where = error instanceof IdentityError || place === undefined ? '' : placeText(place)
    const key = `${error.message} ${where}`
    causes.set(key, [...(causes.get(key) ?? []), failure])
  }
  return [...causes.values()].map((group) => {
    const [{ place, error }, ...others] = group as [SecretFailure, ...SecretFailure[]]
    const more = others.length === 0 ? '' : ` (and ${others.length} more like it)`
    return { severity: 'error', place, message: error.message + more, hint: error.hint }
  })
}

function byPlace({ place: a }: SecretFailure, { place: b }: SecretFailure): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  const file = a.file < b.file ? -1 : Number(a.file > b.file)
  return file || a.line - b.line || a.column - b.column
}
