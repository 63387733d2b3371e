import type { Json } from '../../core/json.ts'
import { repeated } from './budget.ts'
import { equal } from './equality.ts'
import { type Args, operation, type Operation, required } from './operations.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { formatBraces } from './textformat.ts'
import { titled } from './textlayout.ts'
import { describe, isMapping, keyText, list, mapping, number, plain, text, type Value } from './values.ts'

type Method = Operation<Value>

const ofText = (name: string, takes: string, change: (self: string, args: Args) => Value): Method =>
  operation(takes, (self, args) => change(own(self, name), args))

const isAll = (name: string, pattern: RegExp): Method => ofText(name, '', (self) => pattern.test(self))

/** The methods of Python's texts, lists and mappings that templates may call; none of them changes anything. */
export const METHODS: Record<string, Method> = {
  upper: ofText('upper', '', (self) => self.toUpperCase()),
  lower: ofText('lower', '', (self) => self.toLowerCase()),
  casefold: ofText('casefold', '', (self) => self.toLowerCase()),
  title: ofText('title', '', titled),
  capitalize: ofText('capitalize', '', (self) => self.charAt(0).toUpperCase() + self.slice(1).toLowerCase()),
  strip: ofText('strip', 'chars', (self, [chars]) => strip(self, chars, true, true)),
  lstrip: ofText('lstrip', 'chars', (self, [chars]) => strip(self, chars, true, false)),
  rstrip: ofText('rstrip', 'chars', (self, [chars]) => strip(self, chars, false, true)),
  removeprefix: ofText('removeprefix', 'prefix', (self, [prefix]) => {
    const start = word(prefix, 'removeprefix')
    return self.startsWith(start) ? self.slice(start.length) : self
  }),
  removesuffix: ofText('removesuffix', 'suffix', (self, [suffix]) => {
    const end = word(suffix, 'removesuffix')
    return self.endsWith(end) ? self.slice(0, self.length - end.length) : self
  }),
  split: ofText('split', 'sep maxsplit', (self, [by, most]) => splitText(self, by, most)),
  rsplit: ofText('rsplit', 'sep maxsplit', (self, [by, most]) => splitLast(self, by, most)),
  splitlines: ofText('splitlines', '', (self) => splitLines(self)),
  partition: ofText('partition', 'sep', (self, [by]) =>
    cutAt(self, self.indexOf(word(by, 'partition')), by, false),
  ),
  rpartition: ofText('rpartition', 'sep', (self, [by]) =>
    cutAt(self, self.lastIndexOf(word(by, 'rpartition')), by, true),
  ),
  startswith: ofText('startswith', 'prefix', (self, [start]) =>
    words(start, 'startswith').some((one) => self.startsWith(one)),
  ),
  endswith: ofText('endswith', 'suffix', (self, [end]) =>
    words(end, 'endswith').some((one) => self.endsWith(one)),
  ),
  replace: ofText('replace', 'old new count', (self, [from, to, count]) =>
    replace(self, word(from, 'replace'), word(to, 'replace'), count),
  ),
  join: ofText('join', 'items', (self, [items]) =>
    list(required(items, '.join()'), '.join()')
      .map((item) => text(item, '.join()'))
      .join(self),
  ),
  format: operation('* **', (self, args, named) => formatBraces(own(self, 'format'), args, named)),
  find: ofText('find', 'sub', (self, [part]) => self.indexOf(word(part, 'find'))),
  rfind: ofText('rfind', 'sub', (self, [part]) => self.lastIndexOf(word(part, 'rfind'))),
  index: operation('value', (self, [item]) => indexOf(self, required(item, '.index()'))),
  count: operation('value', (self, [item]) => countOf(self, required(item, '.count()'))),
  zfill: ofText('zfill', 'width', (self, [width = 0]) => {
    const zeros = repeated('0', Math.max(0, number(width, '.zfill()') - self.length))
    return self.replace(/^[+-]?/, (sign) => sign + zeros)
  }),
  ljust: ofText('ljust', 'width fillchar', (self, [width = 0, fill = ' ']) => self + room(self, width, fill)),
  rjust: ofText('rjust', 'width fillchar', (self, [width = 0, fill = ' ']) => room(self, width, fill) + self),
  isdigit: isAll('isdigit', /^\d+$/),
  isnumeric: isAll('isnumeric', /^\p{N}+$/u),
  isalpha: isAll('isalpha', /^\p{L}+$/u),
  isalnum: isAll('isalnum', /^[\p{L}\p{N}]+$/u),
  isupper: ofText('isupper', '', (self) => self === self.toUpperCase() && self !== self.toLowerCase()),
  islower: ofText('islower', '', (self) => self === self.toLowerCase() && self !== self.toUpperCase()),
  isspace: isAll('isspace', /^\s+$/),
  items: operation('', (self) => Object.entries(mapping(self, '.items()'))),
  keys: operation('', (self) => Object.keys(mapping(self, '.keys()'))),
  values: operation('', (self) => Object.values(mapping(self, '.values()'))),
  get: operation('key default', (self, [key = null, fallback = null]) => {
    const from = mapping(self, '.get()')
    return Object.hasOwn(from, keyText(key)) ? (from[keyText(key)] as Json) : fallback
  }),
  copy: operation('', (self) => self),
}

function own(self: Json, name: string): string {
  if (typeof self === 'string') return self
  const value = isMapping(self) ? new Undefined(`there is no '${name}'`) : null
  if (value !== null) plain(value)
  throw new TemplateError(`.${name}() is for text, not ${describe(self)}`)
}

function word(value: Json | undefined, name: string): string {
  return text(required(value, `.${name}()`), `.${name}()`)
}

function words(value: Json | undefined, name: string): string[] {
  return Array.isArray(value) ? value.map((one) => word(one, name)) : [word(value, name)]
}

/** White space, or any of the given characters. */
function strip(value: string, chars: Json | undefined, start: boolean, end: boolean): string {
  const set = chars === undefined || chars === null ? undefined : new Set(Array.from(text(chars, '.strip()')))
  const goes = (one: string): boolean => (set === undefined ? /\s/.test(one) : set.has(one))
  const letters = Array.from(value)
  let [first, last] = [0, letters.length]
  while (start && first < last && goes(letters[first] as string)) first++
  while (end && last > first && goes(letters[last - 1] as string)) last--
  return letters.slice(first, last).join('')
}

/** Without a separator: at any white space, as in Python. */
export function splitText(value: string, by?: Json, maxSplit?: Json): string[] {
  const most = maxSplit === undefined || maxSplit === null ? -1 : number(maxSplit, 'split')
  if (by === undefined || by === null) return splitBlanks(value, most)
  const separator = text(by, 'split')
  if (separator === '')
    throw new TemplateError('split wants a separator that is not empty', 'for the letters use | list')
  const parts = value.split(separator)
  return most < 0 || parts.length <= most
    ? parts
    : [...parts.slice(0, most), parts.slice(most).join(separator)]
}

function splitBlanks(value: string, most: number): string[] {
  const matches = [...value.matchAll(/\S+/g)]
  if (most < 0 || matches.length <= most) return matches.map(([part]) => part)
  const rest = matches[most] as RegExpExecArray
  return [...matches.slice(0, most).map(([part]) => part), value.slice(rest.index).trimEnd()]
}

function splitLast(value: string, by: Json | undefined, maxSplit: Json | undefined): string[] {
  const parts = splitText(value, by)
  const most = maxSplit === undefined ? parts.length : number(maxSplit, '.rsplit()')
  if (parts.length <= most + 1 || most < 0) return parts
  const separator = by === undefined || by === null ? ' ' : text(by, '.rsplit()')
  return [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)]
}

export function splitLines(value: string): string[] {
  const lines = value.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function cutAt(value: string, index: number, by: Json | undefined, last: boolean): string[] {
  if (index < 0) return last ? ['', '', value] : [value, '', '']
  const separator = text(by as Json, 'partition')
  return [value.slice(0, index), separator, value.slice(index + separator.length)]
}

function replace(value: string, from: string, to: string, count: Json | undefined): string {
  if (count === undefined || count === null) return value.replaceAll(from, () => to)
  const parts = splitText(value, from, number(count, '.replace()'))
  return parts.join(to)
}

function indexOf(self: Json, item: Json): number {
  const index = Array.isArray(self)
    ? self.findIndex((one) => equal(one, item))
    : own(self, 'index').indexOf(word(item, 'index'))
  if (index < 0) throw new TemplateError('.index() finds no such item', "ask with 'in' before")
  return index
}

function countOf(self: Json, item: Json): number {
  if (Array.isArray(self)) return self.filter((one) => equal(one, item)).length
  return own(self, 'count').split(word(item, 'count')).length - 1
}

function room(self: string, width: Json, fill: Json): string {
  return repeated(text(fill, 'fillchar'), Math.max(0, number(width, 'width') - self.length))
}
