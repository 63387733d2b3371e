import { createHash } from 'node:crypto'
import { quote } from '../../base/shell.ts'
import type { Json } from '../../core/json.ts'
import { repeated } from './budget.ts'
import type { Filter } from './filters.ts'
import { METHODS, splitLines, splitText } from './methods.ts'
import { type Args, operation } from './operations.ts'
import { formatPercent } from './textformat.ts'
import { TemplateError } from './templateerror.ts'
import { indent, titled, truncate, wordWrap } from './textlayout.ts'
import { list, number, text, textOf } from './values.ts'

const onText = (name: string, takes: string, change: (value: string, args: Args) => Json): Filter =>
  operation(takes, (value, args) => change(text(value, `the filter '${name}'`), args))

export const TEXT_FILTERS: Record<string, Filter> = {
  upper: onText('upper', '', (value) => value.toUpperCase()),
  lower: onText('lower', '', (value) => value.toLowerCase()),
  capitalize: onText(
    'capitalize',
    '',
    (value) => value.charAt(0).toUpperCase() + value.slice(1).toLowerCase(),
  ),
  title: onText('title', '', titled),
  trim: METHODS.strip as Filter,
  string: operation('', (value) => (value === null ? 'null' : textOf(value))),
  quote: onText('quote', '', (value) => quote(value)),
  split: onText('split', 'sep maxsplit', (value, [by, most]) => splitText(value, by, most)),
  splitlines: onText('splitlines', '', (value) => splitLines(value)),
  replace: METHODS.replace as Filter,
  indent: onText('indent', 'width first blank', (value, [width = 4, first, blank]) => {
    const pad = typeof width === 'string' ? width : repeated(' ', number(width, "'indent'"))
    return indent(value, pad, first === true, blank === true)
  }),
  wordwrap: onText('wordwrap', 'width break_long_words wrapstring break_on_hyphens', (value, args) => {
    const [width = 79, breakLong = true, by = '\n'] = args
    return wordWrap(value, number(width, "'wordwrap'"), breakLong !== false, text(by, "'wordwrap'"))
  }),
  center: onText('center', 'width', (value, [width = 80]) => {
    const room = Math.max(0, number(width, "'center'") - value.length)
    return repeated(' ', Math.floor(room / 2)) + value + repeated(' ', Math.ceil(room / 2))
  }),
  truncate: onText('truncate', 'length killwords end leeway', (value, args) => {
    const [length = 255, kill, end = '...', leeway = 5] = args
    return truncate(
      value,
      number(length, "'truncate'"),
      kill === true,
      text(end, "'truncate'"),
      number(leeway, "'truncate'"),
    )
  }),
  format: onText('format', '* **', (value, args) => formatPercent(value, args)),
  comment: onText('comment', 'style decoration', (value, [style = 'plain', decoration]) =>
    comment(value, text(style, "'comment'"), decoration),
  ),
  wordcount: onText('wordcount', '', (value) => value.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  escape: onText('escape', '', escapeHtml),
  e: onText('e', '', escapeHtml),
  safe: operation('', (value) => value),
  urlencode: operation('', (value) =>
    value !== null && typeof value === 'object' ? encodePairs(value) : encode(text(value, "'urlencode'")),
  ),
  b64encode: onText('b64encode', 'encoding', (value) => Buffer.from(value).toString('base64')),
  b64decode: onText('b64decode', 'encoding', decodeBase64),
  hash: onText('hash', 'hashtype', (value, [algorithm = 'sha1']) => digest(value, text(algorithm, "'hash'"))),
  checksum: onText('checksum', '', (value) => digest(value, 'sha1')),
  md5: onText('md5', '', (value) => digest(value, 'md5')),
  sha1: onText('sha1', '', (value) => digest(value, 'sha1')),
  to_uuid: onText('to_uuid', 'namespace', (value, [namespace = ANSIBLE_NAMESPACE]) =>
    nameUuid(value, text(namespace, "'to_uuid'")),
  ),
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

function escapeHtml(value: string): string {
  return value.replaceAll(/[&<>"']/g, (one) => HTML[one] as string)
}

const DECORATIONS: Record<string, string> = { plain: '# ', erlang: '% ', c: '// ' }

function comment(value: string, style: string, decoration: Json | undefined): string {
  const mark = decoration ?? (Object.hasOwn(DECORATIONS, style) ? DECORATIONS[style] : undefined)
  if (mark === undefined)
    throw new TemplateError(
      `'comment' knows no '${style}'`,
      `known: ${Object.keys(DECORATIONS).join(', ')}; or give decoration`,
    )
  return value
    .split('\n')
    .map((line) => (text(mark, "'comment'") + line).trimEnd())
    .join('\n')
}

function encode(value: string): string {
  // Half of a surrogate pair would be a URIError.
  return encodeURIComponent(Buffer.from(value).toString())
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

function encodePairs(value: Json): string {
  const pairs = Array.isArray(value)
    ? value.map((pair) => list(pair, "'urlencode'"))
    : Object.entries(value as object)
  return pairs
    .map((pair) => pair.map((part) => encode(textOf(part as Json)).replaceAll('/', '%2F')).join('='))
    .join('&')
}

/** What was no base64 would come out as something else, silently. */
function decodeBase64(value: string): string {
  const compact = value.replaceAll(/\s/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.replaceAll('=', '').length % 4 === 1)
    throw new TemplateError("'b64decode' can't read this text: it is not base64")
  return Buffer.from(compact, 'base64').toString('utf8')
}

function digest(value: string, algorithm: string): string {
  const known = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']
  if (!known.includes(algorithm))
    throw new TemplateError(`'hash' knows no '${algorithm}'`, `known: ${known.join(', ')}`)
  return createHash(algorithm).update(value).digest('hex')
}

/** The namespace that Ansible uses. */
const ANSIBLE_NAMESPACE = '361E6D51-FAEC-444A-9079-341386DA8E2E'

/** A UUID of version 5: the same for the same name. */
function nameUuid(name: string, namespace: string): string {
  const space = namespace.replaceAll('-', '')
  if (!/^[0-9a-fA-F]{32}$/.test(space)) throw new TemplateError(`'${namespace}' is not a UUID`)
  const hash = createHash('sha1').update(Buffer.from(space, 'hex')).update(name).digest().subarray(0, 16)
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
