import type { Json } from '../../core/json.ts'
import type { Filter } from './filters.ts'
import { type Args, operation, required } from './operations.ts'
import { fill, groupOf, Regex } from './regex.ts'
import { number, text } from './values.ts'

export const REGEX_FILTERS: Record<string, Filter> = {
  regex_replace: operation(
    'pattern replacement ignorecase multiline count',
    (value, [pattern, replacement = '', ignoreCase, multiline, count = 0]) => {
      const regex = compiled('regex_replace', pattern, ignoreCase, multiline)
      return replaceAll(
        text(value, "'regex_replace'"),
        regex,
        text(replacement, "'regex_replace'"),
        number(count, "'regex_replace'"),
      )
    },
  ),
  regex_search: operation('pattern * **', regexSearch),
  regex_findall: operation('pattern multiline ignorecase', (value, [pattern, multiline, ignoreCase]) =>
    compiled('regex_findall', pattern, ignoreCase, multiline).all(text(value, "'regex_findall'")).map(found),
  ),
  regex_escape: operation('re_type', (value) =>
    text(value, "'regex_escape'").replaceAll(/[.*+?^${}()|[\]\\/#&~-]/g, '\\$&'),
  ),
}

function compiled(name: string, pattern: Json | undefined, ignoreCase?: Json, multiline?: Json): Regex {
  const flags = (ignoreCase === true ? 'i' : '') + (multiline === true ? 'm' : '')
  return new Regex(text(required(pattern, `'${name}'`), `'${name}'`), flags)
}

function replaceAll(value: string, regex: Regex, replacement: string, count: number): string {
  const matches = regex.all(value)
  let [result, end] = ['', 0]
  for (const match of count > 0 ? matches.slice(0, count) : matches) {
    result += value.slice(end, match.index) + fill(replacement, match)
    end = match.index + match[0].length
  }
  return result + value.slice(end)
}

/** The whole match, or the one group, or all groups, as in Python. */
function found(match: RegExpExecArray): Json {
  const groups = match.slice(1).map((group) => group ?? '')
  return groups.length === 0 ? match[0] : groups.length === 1 ? (groups[0] as string) : groups
}

/** The match, or the groups that are asked for; null when nothing matches. */
function regexSearch(value: Json, [pattern, ...wanted]: Args, named: Record<string, Json>): Json {
  const regex = compiled('regex_search', pattern, named.ignorecase, named.multiline)
  const match = regex.first(text(value, "'regex_search'"))
  if (match === null) return null
  if (wanted.length === 0) return match[0]
  return wanted.map((group) =>
    groupOf(match, text(group ?? '', "'regex_search'").replace(/^\\(g<(\w+)>|(\d+))$/, '$2$3')),
  )
}
