/** Stands for a value that is not known yet; a text that contains it is not known as a whole. */
export const LATE = '\u0000late\u0000'

/** Whether a value, or anything inside it, is not known yet. */
export function isLate(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(LATE)
  if (typeof value !== 'object' || value === null) return false
  // Asked all the time about mostly small values: no lists of entries are made for it.
  for (const key in value) if (isLate((value as Record<string, unknown>)[key])) return true
  return false
}
