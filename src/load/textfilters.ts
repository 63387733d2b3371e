import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { quote } from '../base/shell.ts'
import type { Json } from '../core/json.ts'
import type { Filter } from './filters.ts'
import { splitLines, splitText } from './methods.ts'
import { regex, replacement } from './regex.ts'
import { TemplateError } from './templateerror.ts'
import { list, number, text, textOf } from './values.ts'

const onText =
  (name: string, change: (value: string, args: Json[]) => Json): Filter =>
  (value, args) =>
    change(text(value, `the filter '${name}'`), args)

/** An optional argument, by position or by name. */
function option(
  args: Json[],
  named: Record<string, Json>,
  index: number,
  name: string,
  otherwise: Json,
): Json {
  return args[index] ?? named[name] ?? otherwise
}

function word(value: Json | undefined, what: string): string {
  if (value === undefined) throw new TemplateError(`${what} lacks an argument`)
  return text(value, what)
}

export const TEXT_FILTERS: Record<string, Filter> = {
  upper: onText('upper', (value) => value.toUpperCase()),
  lower: onText('lower', (value) => value.toLowerCase()),
  capitalize: onText('capitalize', (value) => value.charAt(0).toUpperCase() + value.slice(1).toLowerCase()),
  title: onText('title', (value) => value.replaceAll(/\b\w/g, (letter) => letter.toUpperCase())),
  trim: onText('trim', (value) => value.trim()),
  string: (value) => (value === null ? 'null' : textOf(value)),
  quote: onText('quote', (value) => quote(value)),
  basename: onText('basename', (value) => posix.basename(value)),
  dirname: onText('dirname', (value) => posix.dirname(value)),
  splitext: onText('splitext', (value) => {
    const extension = posix.extname(value)
    return [value.slice(0, value.length - extension.length), extension]
  }),
  split: onText('split', (value, [by]) => splitText(value, by)),
  splitlines: onText('splitlines', (value) => splitLines(value)),
  replace: onText('replace', (value, [from, to]) =>
    value.replaceAll(word(from, "'replace'"), () => word(to, "'replace'")),
  ),
  regex_replace: (value, args, named) => {
    const pattern = word(args[0] ?? named.pattern, "'regex_replace'")
    const to = word(args[1] ?? named.replacement ?? '', "'regex_replace'")
    return text(value, "'regex_replace'").replaceAll(regex(pattern, flagsOf(named, 'g')), replacement(to))
  },
  regex_search: (value, args, named) => regexSearch(text(value, "'regex_search'"), args, flagsOf(named)),
  regex_findall: (value, args, named) => {
    const found = text(value, "'regex_findall'").matchAll(
      regex(word(args[0], "'regex_findall'"), flagsOf(named, 'g')),
    )
    return [...found].map((match) =>
      match.length === 1 ? match[0] : match.length === 2 ? (match[1] ?? '') : groups(match),
    )
  },
  regex_escape: onText('regex_escape', (value) => value.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')),
  indent: (value, args, named) => {
    const width = option(args, named, 0, 'width', 4)
    const pad = typeof width === 'string' ? width : ' '.repeat(number(width, "'indent'"))
    const [first, ...lines] = text(value, "'indent'").split('\n')
    const indented = lines.map((line) => (line === '' ? line : pad + line))
    return [(option(args, named, 1, 'first', false) === true ? pad : '') + first, ...indented].join('\n')
  },
  center: onText('center', (value, [width = 80]) => {
    const room = Math.max(0, number(width, "'center'") - value.length)
    return ' '.repeat(Math.floor(room / 2)) + value + ' '.repeat(Math.ceil(room / 2))
  }),
  truncate: onText('truncate', (value, [width = 255]) => {
    const most = number(width, "'truncate'")
    return value.length > most ? `${value.slice(0, Math.max(0, most - 3))}...` : value
  }),
  format: onText('format', (value, args) => format(value, args)),
  comment: onText('comment', (value) =>
    value
      .split('\n')
      .map((line) => `# ${line}`.trimEnd())
      .join('\n'),
  ),
  wordcount: onText('wordcount', (value) => splitText(value).length),
  b64encode: onText('b64encode', (value) => Buffer.from(value).toString('base64')),
  b64decode: onText('b64decode', (value) => Buffer.from(value, 'base64').toString('utf8')),
  urlencode: onText('urlencode', (value) => encodeURIComponent(value).replaceAll('%2F', '/')),
  hash: onText('hash', (value, [algorithm = 'sha1']) => digest(value, text(algorithm, "'hash'"))),
  checksum: onText('checksum', (value) => digest(value, 'sha1')),
}

function flagsOf(named: Record<string, Json>, base = ''): string {
  return base + (named.ignorecase === true ? 'i' : '') + (named.multiline === true ? 'm' : '')
}

function groups(match: RegExpMatchArray): string[] {
  return match.slice(1).map((group) => group ?? '')
}

/** The match, or the groups that are asked for; null when nothing matches. */
function regexSearch(value: string, args: Json[], flags: string): Json {
  const [pattern, ...wanted] = list(args, "'regex_search'")
  const match = regex(word(pattern, "'regex_search'"), flags).exec(value)
  if (match === null) return null
  if (wanted.length === 0) return match[0]
  return wanted.map((group) => {
    const name = text(group, "'regex_search'").replace(/^\\(g<(\w+)>|(\d+))$/, '$2$3')
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? ''
  })
}

function format(template: string, args: Json[]): string {
  let next = 0
  return template.replaceAll(
    /%(0?\d*)(?:\.(\d+))?([sdfx%])/g,
    (_, width: string, places: string, kind: string) => {
      if (kind === '%') return '%'
      const value = args[next++]
      if (value === undefined) throw new TemplateError("'format' has more places than arguments")
      const shown = formatOne(value, kind, places)
      return shown.padStart(Number(width), width.startsWith('0') ? '0' : ' ')
    },
  )
}

function formatOne(value: Json, kind: string, places: string | undefined): string {
  if (kind === 's') return textOf(value)
  const given = number(value, "'format'")
  if (kind === 'f') return given.toFixed(Number(places ?? 6))
  return Math.trunc(given).toString(kind === 'x' ? 16 : 10)
}

function digest(value: string, algorithm: string): string {
  const known = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']
  if (!known.includes(algorithm))
    throw new TemplateError(`'hash' knows no '${algorithm}'`, `known: ${known.join(', ')}`)
  return createHash(algorithm).update(value).digest('hex')
}
