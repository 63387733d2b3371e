import type { Json } from '../core/json.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { describe, isMapping, keyText, list, mapping, plain, text, type Value } from './values.ts'

/** The few methods of Python's text and mappings that templates use. */
export const METHODS: Record<string, (self: Json, ...args: Json[]) => Value> = {
  upper: (self) => own(self, 'upper').toUpperCase(),
  lower: (self) => own(self, 'lower').toLowerCase(),
  title: (self) => own(self, 'title').replaceAll(/\b\w/g, (letter) => letter.toUpperCase()),
  strip: (self) => own(self, 'strip').trim(),
  lstrip: (self) => own(self, 'lstrip').trimStart(),
  rstrip: (self) => own(self, 'rstrip').trimEnd(),
  split: (self, by) => splitText(own(self, 'split'), by),
  splitlines: (self) => splitLines(own(self, 'splitlines')),
  startswith: (self, start) => own(self, 'startswith').startsWith(text(start as Json, '.startswith()')),
  endswith: (self, end) => own(self, 'endswith').endsWith(text(end as Json, '.endswith()')),
  replace: (self, from, to) =>
    own(self, 'replace').replaceAll(text(from as Json, '.replace()'), () => text(to as Json, '.replace()')),
  join: (self, items) =>
    list(items as Json, '.join()')
      .map((item) => text(item, '.join()'))
      .join(own(self, 'join')),
  items: (self) => Object.entries(mapping(self, '.items()')),
  keys: (self) => Object.keys(mapping(self, '.keys()')),
  values: (self) => Object.values(mapping(self, '.values()')),
  get: (self, key, fallback = null) => {
    const from = mapping(self, '.get()')
    return Object.hasOwn(from, keyText(key as Json)) ? (from[keyText(key as Json)] as Json) : fallback
  },
}

function own(self: Json, name: string): string {
  if (typeof self === 'string') return self
  const value = isMapping(self) ? new Undefined(`there is no '${name}'`) : null
  if (value !== null) plain(value)
  throw new TemplateError(`.${name}() is for text, not ${describe(self)}`)
}

/** Without a separator: at any white space, as in Python. */
export function splitText(value: string, by?: Json): string[] {
  if (by === undefined || by === null) return value.split(/\s+/).filter((word) => word !== '')
  return value.split(text(by, 'split'))
}

export function splitLines(value: string): string[] {
  const lines = value.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}
