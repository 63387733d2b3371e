import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { nearest } from '../../base/suggest.ts'
import type { Diagnostic } from '../../core/place.ts'

/** A mistake in a YAML text; `offset` counts characters from 0. */
export interface Fault {
  offset: number
  message: string
  hint?: string
}

/** Says in plain words why a file can't be read. */
export function explainRead(file: string, error: NodeJS.ErrnoException, missing?: string): Diagnostic {
  const reasons: Record<string, [string, string?]> = {
    ENOENT: [`there is no file ${file}`, beside(file) ?? missing ?? `looked for ${resolve(file)}`],
    EISDIR: [`${file} is a directory, not a file`, 'name a file in it'],
    EACCES: [`no permission to read ${file}`, `check it with: ls -l ${file}`],
    ENOTDIR: [`there is no file ${file}`, 'a part of the path is a file, not a directory'],
  }
  const [message, hint] = reasons[error.code ?? ''] ?? [`${file} can't be read: ${error.message}`]
  return { severity: 'error', message, hint }
}

/** A file of nearly that name, if there is one. */
function beside(file: string): string | undefined {
  try {
    const guess = nearest(basename(file), readdirSync(dirname(file)))
    return guess === undefined ? undefined : `did you mean '${join(dirname(file), guess)}'?`
  } catch {
    return undefined
  }
}

interface ParserError {
  reason: string
  mark?: { position: number }
}

/** Turns the parser's complaint into what the author did and should write instead. */
export function explain(error: ParserError, text: string): Fault {
  const { reason } = error
  const offset = error.mark === undefined ? 0 : Math.min(error.mark.position, text.length)
  if (reason.includes('the input is empty')) return { offset: 0, message: 'the file is empty' }
  if (reason.includes('more than one document')) return severalDocuments(text)
  return (
    bareTemplate(reason, offset, text) ??
    tab(reason, offset, text) ??
    unclosed(reason, offset, text) ??
    secondColon(reason, offset, text) ??
    alias(reason, offset) ??
    reserved(offset, text) ??
    other(reason, offset)
  )
}

function severalDocuments(text: string): Fault {
  const separators = [...text.matchAll(/^---/gm)]
  const offset = (separators[1] ?? separators[0])?.index ?? 0
  return { offset, message: 'the file holds more than one YAML document', hint: "remove the line '---'" }
}

const BARE_TEMPLATE = /^([^'"#\n]*?(?:[:-][ ]+|[[,][ ]*))\{\{.*$/gm

/** Templates, and what follows them up to the comma or bracket that ends the value. */
const IN_BRACKETS = /^(?:\{\{.*?\}\}[^,\]}]*?)+(?=\s*[,\]}]|$)/

function bareTemplate(reason: string, offset: number, text: string): Fault | undefined {
  const complex = reason.includes('complex keys')
  for (const match of text.matchAll(BARE_TEMPLATE)) {
    const start = match.index + (match[1] ?? '').length
    const end = match.index + match[0].length
    if (!complex && (offset < match.index || offset > end + 1)) continue
    const rest = text.slice(start, end).trim()
    const value = /[[{]/.test(match[1] ?? '') ? (IN_BRACKETS.exec(rest)?.[0] ?? rest) : rest
    return { offset: start, message: 'a value that begins with {{ must be quoted', hint: `write: "${value}"` }
  }
  return undefined
}

function tab(reason: string, offset: number, text: string): Fault | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? ''
  if (!/\btab\b/.test(reason) && !/^ *\t/.test(line)) return undefined
  return {
    offset: text.lastIndexOf('\n', offset - 1) + 1 + Math.max(0, line.indexOf('\t')),
    message: 'a tab is used for indentation',
    hint: 'YAML wants spaces: use two per level',
  }
}

function unclosed(reason: string, offset: number, text: string): Fault | undefined {
  if (!/deficient indentation|unexpected end of the stream|flow collection/.test(reason)) return undefined
  const opened = lastOpen(text.slice(0, offset))
  if (opened === undefined) return undefined
  const sign = text[opened]
  const kind = sign === '"' || sign === "'" ? 'quote' : 'bracket'
  const hint =
    kind === 'quote'
      ? 'close it, or remove it'
      : 'close it; inside, a value that holds brackets or quotes needs quotes'
  return { offset: opened, message: `the ${kind} ${sign} is never closed`, hint }
}

/** Offset of the last quote or bracket that a value opens and nothing closes. */
function lastOpen(text: string): number | undefined {
  const open: number[] = []
  let quote: string | undefined
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string
    if (quote === '"' && char === '\\') index++
    else if (quote !== undefined) {
      if (char === quote) [quote] = [undefined, open.pop()]
    } else if (char === '#' && /\s|^$/.test(text[index - 1] ?? '')) {
      index = text.indexOf('\n', index)
      if (index === -1) break
    } else if ((char === '"' || char === "'") && /[\s[{,(]|^$/.test(text[index - 1] ?? '')) {
      quote = char
      open.push(index)
    } else if (char === '[' || char === '{') open.push(index)
    else if (char === ']' || char === '}') open.pop()
  }
  return open.at(-1)
}

const PLAIN_WITH_COLON = /^\s*(?:- +)*[^\s'"{}[\]#:]+: +([^\s'"{}[\]#&*!|>].*: .*)$/

function secondColon(reason: string, offset: number, text: string): Fault | undefined {
  if (!reason.includes('bad indentation of a mapping entry') || text[offset] !== ':') return undefined
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? ''
  const value = PLAIN_WITH_COLON.exec(line)?.[1]?.trim()
  if (value === undefined || /["\\]| #/.test(value)) return undefined
  return { offset, message: "a value that holds ': ' must be quoted", hint: `write: "${value}"` }
}

function alias(reason: string, offset: number): Fault | undefined {
  const hint = 'quote the value if it is not meant as an alias, e.g. "*"'
  const name = /unidentified alias "(.*)"/.exec(reason)?.[1]
  if (name !== undefined) return { offset, message: `the alias *${name} names no anchor (&${name})`, hint }
  if (reason.includes('alias node'))
    return { offset, message: 'a value that begins with * is an alias', hint }
  return reason.includes('liases') ? { offset, message: 'too many aliases', hint: 'at most 100' } : undefined
}

function reserved(offset: number, text: string): Fault | undefined {
  const char = text[offset] ?? ''
  if (!'@`%'.includes(char) || char === '') return undefined
  return { offset, message: `a value can't begin with ${char}`, hint: 'quote it' }
}

function other(reason: string, offset: number): Fault {
  const plain: [RegExp, string, string?][] = [
    [
      /bad indentation of a mapping entry/,
      'this does not fit what is before it on the line, or the indentation of the lines above',
      "align it with its neighbours; quote a value that holds ': ' or goes on after a closing quote",
    ],
    [
      /document separator is expected|bad indentation/,
      'the indentation does not match the lines above',
      'align it with its neighbours; a file is either one list (- ...) or one mapping (key: ...)',
    ],
    [/complex keys/, 'a list or mapping is used as a key', 'quote the key'],
    [
      /unknown scalar tag.*!vault/,
      "a value encrypted with ansible-vault can't be read here",
      "decrypt it with 'ansible-vault', then encrypt it with 'provision secret encrypt'",
    ],
    [
      /unknown (scalar|sequence|mapping) tag/,
      `${reason}`,
      'remove the tag, or quote a value that begins with !',
    ],
    [
      /non-printable/,
      'the file holds a character that is not printable',
      'remove it, or write it as "\\x01"',
    ],
  ]
  const found = plain.find(([pattern]) => pattern.test(reason))
  return found ? { offset, message: found[1], hint: found[2] } : { offset, message: `bad YAML: ${reason}` }
}
