/** Where something stands in a file; line and column count from 1. */
export interface Place {
  file: string
  line: number
  column: number
}

/** One mistake found before anything was contacted. */
export interface Diagnostic {
  place?: Place
  severity: 'error' | 'warning'
  /** What is wrong, in one sentence without a full stop. */
  message: string
  /** What is allowed, or what to write instead. */
  hint?: string
  /** The line holds a secret and is not shown. */
  secret?: true
}

export function placeText(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}
