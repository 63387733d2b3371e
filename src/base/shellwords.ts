/** A word of a line, quotes taken off, and the column of its first character (from 1). */
export interface Word {
  text: string
  column: number
}

/** A quote that is opened and never closed, at a column. */
export class OpenQuote extends Error {
  readonly column: number
  constructor(quote: string, column: number) {
    super(`the quote ${quote} is never closed`)
    this.column = column
  }
}

/**
 * Splits a line into words as a POSIX shell does, without expanding anything. With `comments` a `#` outside of quotes
 * ends the line, even in the middle of a word. Throws OpenQuote.
 */
export function splitWords(line: string, { comments = false } = {}): Word[] {
  const words: Word[] = []
  let at = 0
  while (at < line.length) {
    const start = at
    const piece = readPiece(line, at, comments)
    at = piece.end
    if (piece.text !== undefined) words.push({ text: piece.text, column: start + 1 })
    if (piece.comment) break
  }
  return words
}

interface Piece {
  /** undefined: a blank or a comment. */
  text: string | undefined
  end: number
  comment?: true
}

function readPiece(line: string, start: number, comments: boolean): Piece {
  let text: string | undefined
  let at = start
  for (; at < line.length; at++) {
    const char = line[at] as string
    if (comments && char === '#') return { text, end: at, comment: true }
    if (/\s/.test(char)) return { text, end: at === start ? at + 1 : at }
    if (char === '"' || char === "'") {
      const quoted = readQuoted(line, at)
      text = (text ?? '') + quoted.text
      at = quoted.end
    } else if (char === '\\' && at + 1 < line.length) text = (text ?? '') + line[++at]
    else text = (text ?? '') + char
  }
  return { text, end: at }
}

/** `end` is the closing quote. */
function readQuoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start] as string
  let text = ''
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at] as string
    if (char === quote) return { text, end: at }
    const next = line[at + 1]
    if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) {
      text += next
      at++
    } else text += char
  }
  throw new OpenQuote(quote, start + 1)
}
