import type { Json, JsonObject } from '../../core/json.ts'

const NUMBER = /[+-]?(?:0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+)/y
const NAMES: Record<string, Json> = { True: true, False: false, None: null }
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}
const DEEPEST = 50

/**
 * The value of a Python literal, the way Ansible reads values of INI files: True, 8080, 1.5, "text", [1, 2], {'a': 1}.
 * Tuples become lists. undefined when the text is none, as `yes`, `0644`, `2.0` and `10.0.0.1`, or can't be held exactly.
 */
export function parsePythonLiteral(text: string): Json | undefined {
  // As a number it would come out as 2.
  if (/^\s*[+-]?\d+\.0*\s*$/.test(text)) return undefined
  try {
    return new Literal(text).whole()
  } catch (error) {
    if (error instanceof NoLiteral) return undefined
    throw error
  }
}

class NoLiteral extends Error {}

class Literal {
  readonly #text: string
  #at = 0
  #depth = 0
  constructor(text: string) {
    this.#text = text
  }

  whole(): Json {
    const value = this.#value()
    this.#skip(/\s*(#.*)?/y)
    if (this.#at < this.#text.length) throw new NoLiteral()
    return value
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #take(char: string): boolean {
    this.#skip(/\s*/y)
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #value(): Json {
    if (++this.#depth > DEEPEST) throw new NoLiteral()
    const value = this.#bracketed() ?? this.#string() ?? this.#atom()
    this.#depth--
    return value
  }

  #bracketed(): Json | undefined {
    if (this.#take('[')) return this.#items(']')
    if (this.#take('{')) return this.#mapping()
    if (!this.#take('(')) return undefined
    const start = this.#at
    const items = this.#items(')')
    // Brackets around one value are just brackets; a comma makes the tuple.
    const single = items.length === 1 && !/,\s*\)$/.test(this.#text.slice(start, this.#at))
    return single ? (items[0] as Json) : items
  }

  #items(end: string): Json[] {
    const items: Json[] = []
    while (!this.#take(end)) {
      items.push(this.#value())
      if (this.#take(end)) break
      if (!this.#take(',')) throw new NoLiteral()
    }
    return items
  }

  #mapping(): JsonObject {
    const entries: [string, Json][] = []
    while (!this.#take('}')) {
      const key = this.#value()
      if ((typeof key === 'object' && key !== null) || key === '__proto__') throw new NoLiteral()
      if (!this.#take(':')) throw new NoLiteral()
      entries.push([String(key), this.#value()])
      if (this.#take('}')) break
      if (!this.#take(',')) throw new NoLiteral()
    }
    return Object.fromEntries(entries)
  }

  /** Neighbouring strings are one string. */
  #string(): string | undefined {
    let text: string | undefined
    for (;;) {
      this.#skip(/\s*/y)
      const opening = this.#skip(/[rRuU]?["']/y)
      if (opening === '') return text
      text = (text ?? '') + this.#quoted(opening.slice(-1), /^r/i.test(opening))
    }
  }

  #quoted(quote: string, raw: boolean): string {
    let text = ''
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at++] as string
      if (char === quote) return text
      if (char !== '\\') text += char
      else text += raw ? char + (this.#text[this.#at++] ?? '') : this.#escape()
    }
    throw new NoLiteral()
  }

  #escape(): string {
    const code = this.#skip(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|[0-7]{1,3}/y)
    if (code !== '')
      return String.fromCharCode(parseInt(code.replace(/^[xu]/, ''), /^[xu]/.test(code) ? 16 : 8))
    const char = this.#text[this.#at++] ?? ''
    return ESCAPES[char] ?? `\\${char}`
  }

  #atom(): Json {
    const name = this.#skip(/[A-Za-z_]\w*/y)
    if (name !== '' && Object.hasOwn(NAMES, name)) return NAMES[name] as Json
    const digits = this.#skip(NUMBER)
    const number = Number(digits.replaceAll('_', '').replace(/^\+/, ''))
    // Python refuses 0644; what has more digits than a number can hold stays text.
    if (digits === '' || /^[+-]?0\d*[1-9]/.test(digits.replace(/[.eExXoObB].*/s, ''))) throw new NoLiteral()
    if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)))
      throw new NoLiteral()
    return number
  }
}
