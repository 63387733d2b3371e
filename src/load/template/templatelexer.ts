import { TemplateError } from './templateerror.ts'
import type { At } from './templatenodes.ts'

export type TokenType = 'text' | 'name' | 'string' | 'number' | 'operator' | 'begin' | 'end' | 'eof'

export interface Token {
  type: TokenType
  /** Name, operator, delimiter or text; the value of a string. */
  value: string
  number?: number
  at: At
  /** Where it begins in the source. */
  index: number
}

export interface Whitespace {
  /** The line break behind a {% %} goes with it. */
  trimBlocks: boolean
  /** Blanks before a {% %} that begins a line go with it. */
  lstripBlocks: boolean
}

const OPERATORS = /\*\*|\/\/|==|!=|<=|>=|[<>+\-*/%~|()[\]{},:.=]/y
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy
const NUMBER = /0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?/y
const CLOSERS: Record<string, string> = { '(': ')', '[': ']', '{': '}' }
const FOREIGN: Record<string, string> = { '&&': 'and', '||': 'or', '!': 'not', '?': 'x if y else z' }

/** Cuts a template into its texts and the tokens of its expressions. Throws TemplateError. */
export function lexTemplate(source: string, whitespace: Whitespace, start: number): Token[] {
  return new Lexer(source, whitespace, start).template()
}

/** Cuts a bare expression into tokens. Throws TemplateError. */
export function lexExpression(source: string): Token[] {
  return new Lexer(source, { trimBlocks: true, lstripBlocks: false }, 0).expression()
}

class Lexer {
  readonly #source: string
  readonly #whitespace: Whitespace
  readonly #tokens: Token[] = []
  #index: number
  #line = 0
  #lineStart = 0
  #seen = 0

  constructor(source: string, whitespace: Whitespace, start: number) {
    this.#source = source
    this.#index = start
    this.#whitespace = whitespace
  }

  expression(): Token[] {
    this.#code(undefined)
    return this.#finish()
  }

  template(): Token[] {
    const begin = /\{[{%#]/g
    for (;;) {
      begin.lastIndex = this.#index
      const match = begin.exec(this.#source)
      if (match === null) break
      this.#tag(match[0], match.index)
    }
    this.#text(this.#source.slice(this.#index))
    this.#index = this.#source.length
    return this.#finish()
  }

  #finish(): Token[] {
    this.#push('eof', '', this.#source.length)
    return this.#tokens
  }

  #tag(delimiter: string, start: number): void {
    const sign = this.#source[start + 2] ?? ''
    const signed = sign === '-' || sign === '+'
    this.#text(this.#before(start, delimiter, sign))
    this.#index = start + (signed ? 3 : 2)
    if (delimiter === '{#') return this.#comment(start)
    if (delimiter === '{%' && this.#raw(start)) return
    this.#push('begin', delimiter, start)
    this.#code(delimiter === '{{' ? '}}' : '%}')
  }

  /** The text before a tag, without the white space that goes with the tag. */
  #before(start: number, delimiter: string, sign: string): string {
    const text = this.#source.slice(this.#index, start)
    if (sign === '-') return text.trimEnd()
    if (!this.#whitespace.lstripBlocks || delimiter === '{{' || sign === '+') return text
    const lineBegins = this.#index === 0 || text.includes('\n') || this.#source[this.#index - 1] === '\n'
    return lineBegins ? text.replace(/(^|\n)[ \t]+$/, '$1') : text
  }

  #text(text: string): void {
    if (text !== '') this.#push('text', text, this.#index)
  }

  #comment(start: number): void {
    const end = this.#source.indexOf('#}', this.#index)
    if (end < 0) this.#fail('a comment is not closed', start, 'close {# with #}')
    this.#index = end + 2
    this.#after(this.#source[end - 1] ?? '', true)
  }

  /** Skips the white space that goes with the tag that has just ended. */
  #after(sign: string, isBlock: boolean): void {
    const skipped =
      sign === '-' ? /\s*/y : isBlock && sign !== '+' && this.#whitespace.trimBlocks ? /(\r?\n)?/y : undefined
    if (skipped === undefined) return
    skipped.lastIndex = this.#index
    this.#index += skipped.exec(this.#source)?.[0].length ?? 0
  }

  #raw(start: number): boolean {
    const begin = this.#match(/\s*raw\s*([-+]?)%\}/y)
    if (begin === undefined) return false
    this.#index += begin[0].length
    this.#after(begin[1] ?? '', true)
    const end = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g
    end.lastIndex = this.#index
    const match = end.exec(this.#source)
    if (match === null) return this.#fail('{% raw %} is not closed', start, 'close it with {% endraw %}')
    const text = this.#source.slice(this.#index, match.index)
    this.#text(match[1] === '-' ? text.trimEnd() : text)
    this.#index = match.index + match[0].length
    this.#after(match[2] ?? '', true)
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#index
    return pattern.exec(this.#source) ?? undefined
  }

  /** Tokens up to the delimiter that closes the tag, or to the end of a bare expression. */
  #code(closer: '}}' | '%}' | undefined): void {
    const start = this.#index
    const open: string[] = []
    for (;;) {
      this.#index += this.#match(/\s*/y)?.[0].length ?? 0
      if (this.#index >= this.#source.length) break
      const end = open.length === 0 && closer !== undefined ? this.#match(ends(closer)) : undefined
      if (end !== undefined) {
        this.#push('end', closer as string, this.#index)
        this.#index += end[0].length
        return this.#after(end[1] ?? '', closer === '%}')
      }
      this.#token(open)
    }
    if (closer !== undefined)
      this.#fail('the template is not closed', Math.max(0, start - 2), 'close {{ with }} and {% with %}')
    if (open.length > 0)
      this.#fail(`bad template: '${open.at(-1)}' is missing at the end`, this.#source.length - 1)
  }

  #token(open: string[]): void {
    const quote = this.#source[this.#index]
    if (quote === '"' || quote === "'") return this.#string(quote)
    const name = this.#match(NAME)
    if (name !== undefined) return this.#take('name', name[0])
    const number = this.#match(this.#tokens.at(-1)?.value === '.' ? /\d+/y : NUMBER)
    if (number !== undefined) return this.#number(number[0])
    const operator = this.#match(OPERATORS)?.[0]
    if (operator === undefined) return this.#strange()
    if (CLOSERS[operator] !== undefined) open.push(CLOSERS[operator] as string)
    else if (operator === '}' && open.length === 0)
      this.#fail('bad template: {{ is closed by two braces, and here is one', this.#index, 'write }}')
    else if (')]}'.includes(operator) && open.pop() !== operator)
      this.#fail(`bad template: nothing is open that '${operator}' could close`, this.#index)
    this.#take('operator', operator)
  }

  #number(text: string): void {
    const value = Number(text.replaceAll('_', ''))
    if (!Number.isSafeInteger(value) && !/[.eE]/.test(text))
      this.#fail(`${text} is too large a number`, this.#index)
    this.#push('number', text, this.#index).number = value
    this.#index += text.length
  }

  #take(type: TokenType, value: string): void {
    this.#push(type, value, this.#index)
    this.#index += value.length
  }

  #string(quote: string): void {
    const match = this.#match(
      quote === '"' ? /"([^"\\]*(?:\\[^][^"\\]*)*)"/y : /'([^'\\]*(?:\\[^][^'\\]*)*)'/y,
    )
    if (match === undefined)
      return this.#fail('bad template: a text is not closed', this.#index, `close it with ${quote}`)
    this.#push('string', unescape(match[1] as string), this.#index)
    this.#index += match[0].length
  }

  #strange(): never {
    const rest = this.#source.slice(this.#index)
    const foreign = Object.keys(FOREIGN).find((one) => rest.startsWith(one))
    const hint = foreign === undefined ? undefined : `write: ${FOREIGN[foreign]}`
    return this.#fail(`bad template before '${near(rest)}'`, this.#index, hint)
  }

  #push(type: TokenType, value: string, index: number): Token {
    const token: Token = { type, value, at: this.#at(index), index }
    this.#tokens.push(token)
    return token
  }

  #fail(message: string, index: number, hint?: string): never {
    throw new TemplateError(message, hint, placeIn(this.#source, index))
  }

  /** Asked for from left to right. */
  #at(index: number): At {
    for (; this.#seen < index; this.#seen++)
      if (this.#source[this.#seen] === '\n') {
        this.#line++
        this.#lineStart = this.#seen + 1
      }
    return { line: this.#line, column: index - this.#lineStart }
  }
}

function ends(closer: '}}' | '%}'): RegExp {
  return closer === '}}' ? /([-+]?)\}\}/y : /([-+]?)%\}/y
}

function placeIn(source: string, index: number): At {
  const before = source.slice(0, index).split('\n')
  return { line: before.length - 1, column: before.at(-1)?.length ?? 0 }
}

/** The beginning of what could not be read, for messages. */
export function near(rest: string): string {
  return (rest.split('\n')[0] ?? '').trim().slice(0, 20)
}

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
}

/** What Python's escapes stand for; an unknown one stays as it is, so that '\d+' and '\1' need no doubling. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([^]))/g,
    (all, byte, unit, one: string) => {
      const code = (byte ?? unit) as string | undefined
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
      return Object.hasOwn(ESCAPES, one) ? (ESCAPES[one] as string) : (all as string)
    },
  )
}
