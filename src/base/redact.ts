const MASK = '********'

/** Secrets of fewer characters can't be masked: every text would become unreadable. */
export const SHORTEST_SECRET = 4

/** Lines of a long secret that are shorter say nothing by themselves. */
const SHORTEST_LINE = 8

/** Characters beyond which a text is masked line by line only: encoded as a whole it is found nowhere. */
const LONGEST_WHOLE = 8192

/** Lines beyond that are masked in pieces of half of it to all of it. */
const LONGEST_PIECE = 2048
const SHORTEST_PIECE = LONGEST_PIECE / 2

/** Stands for a secret in plain data until its value is needed; nobody outside of this process can write one. */
let placeholder: string | undefined
let placeholders = 0

/** In JSON it is escaped, and what is made fit for a terminal has lost it. */
const NUL = '(?:\\0|\\\\+u0000)'

export function newPlaceholder(): string {
  if (placeholder === undefined) {
    placeholder = `secret ${globalThis.crypto.randomUUID()} `
    processSecrets.addPattern(`${NUL}?${placeholder}\\d+${NUL}?`)
  }
  return `\0${placeholder}${placeholders++}\0`
}

export function isPlaceholder(text: string): boolean {
  return placeholder !== undefined && text.startsWith(`\0${placeholder}`)
}

/** Remembers secrets and masks every appearance of them in what leaves the process. */
export class Redactor {
  /** Patterns by their source, with the length of what each matches. */
  private readonly forms = new Map<string, number>()
  /** Of lines that are too long for a pattern. */
  private readonly pieces = new Set<string>()
  readonly #shared: ReadonlyMap<string, number>
  readonly #sharedPieces: ReadonlySet<string>
  #pattern: { regex: RegExp; size: number } | undefined

  /** Masks what `shared` knows as well: by default the secrets of the whole process. */
  constructor(shared: Redactor | null = processSecrets) {
    this.#shared = shared?.forms ?? new Map()
    this.#sharedPieces = shared?.pieces ?? new Set()
  }

  /** Values shorter than SHORTEST_SECRET are ignored. */
  add(secret: string): void {
    if (secret.trim().length < SHORTEST_SECRET) return
    for (const { source, length } of formsOf(secret)) this.forms.set(source, length)
    for (const piece of piecesOf(secret)) this.pieces.add(piece)
  }

  addPattern(source: string): void {
    this.forms.set(source, LONGEST_WHOLE)
  }

  mask(text: string): string {
    const regex = this.#compiled()
    let masked = text
    for (const pieces of [this.pieces, this.#sharedPieces])
      for (const piece of text.length < SHORTEST_PIECE ? [] : pieces) masked = masked.replaceAll(piece, MASK)
    return regex === undefined ? masked : masked.replace(regex, MASK)
  }

  /** A copy in which every string is masked, keys included; not so what is `open`, told by the keys that lead to it. */
  maskAll<T>(value: T, open: (path: string[]) => boolean = () => false): T {
    const nothing = this.#compiled() === undefined && this.pieces.size + this.#sharedPieces.size === 0
    return nothing ? value : (this.#walk(value, open, []) as T)
  }

  /** One expression for all: a secret of one set that begins with a secret of the other must be masked whole. */
  #compiled(): RegExp | undefined {
    const size = this.forms.size + this.#shared.size
    if (size === 0) return undefined
    if (this.#pattern?.size !== size)
      this.#pattern = { size, regex: patternOf([...this.forms, ...this.#shared]) }
    return this.#pattern.regex
  }

  #walk(value: unknown, open: (path: string[]) => boolean, path: string[]): unknown {
    if (typeof value === 'string') return this.mask(value)
    if (Array.isArray(value)) return value.map((one) => this.#walk(one, open, path))
    if (value === null || typeof value !== 'object') return value
    const entries = Object.entries(value).map(([key, one]) => {
      const at = [...path, key]
      return open(at) ? [key, one] : [this.mask(key), this.#walk(one, open, at)]
    })
    return Object.fromEntries(entries)
  }
}

/** Secrets that hold for the whole process, such as those of playbooks: every redactor masks them. */
export const processSecrets: Redactor = new Redactor(null)

/** Longest first: a secret that begins with another one must be masked whole. */
function patternOf(forms: [string, number][]): RegExp {
  const sources = forms.sort((a, b) => b[1] - a[1]).map(([source]) => source)
  return new RegExp(sources.join('|'), 'g')
}

interface Form {
  source: string
  length: number
}

/** How a secret appears: as it is or without the blanks around it, line by line, and encoded. */
function formsOf(secret: string): Form[] {
  const texts = new Set([secret, secret.trim()])
  const lines = secret.includes('\n') ? secret.split(/\r?\n/).map((line) => line.trim()) : []
  const parts = lines.filter(({ length }) => length >= SHORTEST_LINE && length <= LONGEST_WHOLE)
  const whole = [...texts].filter((text) => text.length <= LONGEST_WHOLE)
  return [
    ...whole.flatMap((text) => [escaped(text), ...quoted(text), ...base64(text), ...hex(text)]),
    ...[...new Set(parts)].map(escaped),
  ]
}

/** Lines that are too long for a pattern, as they are and as in JSON, cut evenly: no piece is so short that it is everywhere. */
function piecesOf(secret: string): string[] {
  if (secret.length <= LONGEST_WHOLE) return []
  const lines = secret.split(/\r?\n/).filter(({ length }) => length > LONGEST_WHOLE)
  return lines
    .flatMap((line) => [line, JSON.stringify(line).slice(1, -1)])
    .flatMap((line) => {
      const size = Math.ceil(line.length / Math.ceil(line.length / LONGEST_PIECE))
      return line.match(new RegExp(`.{1,${size}}`, 'gs')) ?? []
    })
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

/**
 * The text with any of its characters escaped, as in JSON (also inside of JSON: three levels are 8 backslashes), in a
 * shell word, in a URL or in HTML. Letters and digits are never escaped by these.
 */
function escaped(text: string): Form {
  const tokens = text.match(/\\+|[^\\]/gsu) ?? []
  const source = tokens.map((token, index) =>
    escapedToken(token, tokens[index - 1]?.startsWith('\\') ?? false),
  )
  return { source: source.join(''), length: text.length }
}

const CONTROLS: Record<string, string> = {
  '\n': '\r?\n|\\\\{1,8}n',
  '\r': '\r|\\\\{1,8}r',
  '\t': '\t|\\\\{1,8}t',
}

function escapedToken(token: string, afterBackslash: boolean): string {
  if (/^[A-Za-z0-9]$/.test(token)) return token
  if (token.startsWith('\\'))
    return `(?:\\\\{${token.length},${token.length * 8}}|(?:%5[cC]){${token.length}})`
  // A run of backslashes before it has been matched already; matching them twice could take for ever.
  const own = CONTROLS[token] ?? `${afterBackslash ? '' : '\\\\{0,8}'}${literal(token)}`
  const space = token === ' ' ? ['\\+'] : []
  const units = Array.from({ length: token.length }, (_, at) => `\\\\{1,8}u${anyCase(unit(token, at))}`)
  return `(?:${[percent(token), html(token), units.join(''), own, ...space].join('|')})`
}

function unit(token: string, at: number): string {
  return token.charCodeAt(at).toString(16).padStart(4, '0')
}

function percent(token: string): string {
  return [...Buffer.from(token)].map((byte) => `%${anyCase(byte.toString(16).padStart(2, '0'))}`).join('')
}

const ENTITIES: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

function html(token: string): string {
  const code = token.codePointAt(0) ?? 0
  const name = ENTITIES[token]
  const names = [`#${code}`, `#x${anyCase(code.toString(16))}`, ...(name === undefined ? [] : [name])]
  return `&(?:${names.join('|')});`
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
}

/** Quotes inside of quotes: of the shell in two ways, and of YAML and SQL. */
function quoted(text: string): Form[] {
  if (!text.includes("'")) return []
  return [`'\\''`, `'"'"'`, "''"].map((quote) => {
    const form = text.replaceAll("'", quote)
    return { source: literal(form), length: form.length }
  })
}

const BASE64_DIGIT = '[A-Za-z0-9+/_-]?'

/** Also as a part of a longer text that is encoded: what it becomes depends on its offset modulo three. */
function base64(text: string): Form[] {
  const bytes = Buffer.from(text)
  const inside = [0, 1, 2].flatMap((offset) => {
    const digits = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const bits = (offset + bytes.length) * 8
    const core = digits.slice(Math.ceil((offset * 8) / 6), Math.floor(bits / 6))
    const [before, after] = [offset > 0 ? BASE64_DIGIT : '', bits % 6 > 0 ? `${BASE64_DIGIT}={0,2}` : '']
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')].map((one) => ({
      source: before + literal(one) + after,
      length: one.length,
    }))
  })
  return [...inside, ...wrapped(bytes.toString('base64'))]
}

/** Encoders wrap long lines. */
function wrapped(digits: string): Form[] {
  return [64, 76].flatMap((width) => {
    const lines = digits.length > width ? (digits.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : []
    const long = lines.map((line) => line.replace(/=+$/, '')).filter((line) => line.length >= SHORTEST_LINE)
    return long.map((line) => ({ source: literal(line), length: line.length }))
  })
}

/** Also as od and xxd print it, with something between the bytes or some of them. */
function hex(text: string): Form[] {
  const bytes = [...Buffer.from(text)].map((byte) => anyCase(byte.toString(16).padStart(2, '0')))
  return [{ source: bytes.join('[ :-]?'), length: 2 * bytes.length }]
}
