const MASK = '********'

/** Remembers secrets and masks every appearance of them in what leaves the process. */
export class Redactor {
  #forms = new Set<string>()
  #pattern: RegExp | undefined

  /** Values shorter than four characters are ignored: masking them would make every text unreadable. */
  add(secret: string): void {
    if (secret.trim().length < 4) return
    for (const form of formsOf(secret)) this.#forms.add(form)
    this.#pattern = undefined
  }

  mask(text: string): string {
    if (this.#forms.size === 0) return text
    this.#pattern ??= patternOf(this.#forms)
    return text.replace(this.#pattern, MASK)
  }

  /** A copy in which every string, keys included, is masked. */
  maskAll<T>(value: T): T {
    return this.#forms.size === 0 ? value : (this.#walk(value) as T)
  }

  #walk(value: unknown): unknown {
    if (typeof value === 'string') return this.mask(value)
    if (Array.isArray(value)) return value.map((one) => this.#walk(one))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.mask(key), this.#walk(one)]))
  }
}

/** Longest first: a secret that begins with another one must be masked whole. */
function patternOf(forms: Set<string>): RegExp {
  const words = [...forms]
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(words.join('|'), 'g')
}

/**
 * A secret appears as it is, without the newline at its end, line by line in output, inside JSON, inside a shell word,
 * and as base64.
 */
function formsOf(secret: string): string[] {
  const lines = secret.includes('\n') ? secret.split('\n').filter((line) => line.trim().length >= 8) : []
  return [secret, secret.trim()].flatMap((text) => [
    text,
    ...lines,
    JSON.stringify(text).slice(1, -1),
    text.replaceAll("'", `'\\''`),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
  ])
}
