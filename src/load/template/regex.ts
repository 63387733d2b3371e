import { SearchTimeout, searchInTime } from '../../base/searchtime.ts'
import { TemplateError } from './templateerror.ts'

/** Patterns that took too long once: not every item and host has to wait for them. */
const slow = new Set<string>()

/** A regular expression written as for Python. Searches are ended when they take too long. */
export class Regex {
  readonly #pattern: string
  readonly #regex: RegExp

  /** `flags` are those of JavaScript. Throws TemplateError. */
  constructor(pattern: string, flags = '') {
    this.#pattern = pattern
    this.#regex = compile(pattern, flags)
  }

  test(text: string): boolean {
    return this.first(text) !== null
  }

  first(text: string): RegExpExecArray | null {
    return this.#guarded(text, () => {
      this.#regex.lastIndex = 0
      return this.#regex.exec(text)
    })
  }

  all(text: string): RegExpExecArray[] {
    return this.#guarded(text, () => [...text.matchAll(this.#regex)])
  }

  #guarded<T>(text: string, work: () => T): T {
    if (slow.has(this.#pattern)) throw this.#tooSlow()
    try {
      return searchInTime(work, [this.#regex], [text])
    } catch (error) {
      if (!(error instanceof SearchTimeout)) throw error
      slow.add(this.#pattern)
      throw this.#tooSlow()
    }
  }

  #tooSlow(): TemplateError {
    return new TemplateError(
      `the regular expression '${this.#pattern}' takes too long`,
      'repetitions inside repetitions, as in (a+)+, are the usual cause',
    )
  }
}

function compile(pattern: string, flags: string): RegExp {
  const inline = /^(\^\(\?:)?\(\?([a-zA-Z]+)\)/.exec(pattern)
  const unknown = inline?.[2]?.match(/[^imsu]/)
  if (unknown)
    throw new TemplateError(`'(?${unknown[0]})' is not supported in '${pattern}'`, 'use (?i), (?m) or (?s)')
  const all = [...new Set(`g${flags}${inline?.[2]?.replaceAll('u', '') ?? ''}`)].join('')
  const body = inline === null ? pattern : (inline[1] ?? '') + pattern.slice(inline[0].length)
  const source = translate(body, all.includes('m'))
  try {
    return new RegExp(source, `${all}u`)
  } catch {
    // Python allows escapes like \- and \/ that JavaScript's unicode mode refuses.
    return lenient(source, all, pattern)
  }
}

function lenient(source: string, flags: string, pattern: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    const reason = (error as Error).message.split(': ').at(-1)
    throw new TemplateError(`'${pattern}' is not a regular expression: ${reason}`)
  }
}

/** What is written differently in Python and JavaScript, outside of and at the beginning of [classes]. */
function translate(pattern: string, multiline: boolean): string {
  const parts = /\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]|\(\?P<|\(\?P=\w+\)|\{,\d+\}|\$/g
  return pattern.replaceAll(parts, (part) => {
    if (part === '\\A') return '(?<![^])'
    if (part === '\\Z') return '(?![^])'
    // The end, or before the line break at the end.
    if (part === '$') return multiline ? '$' : '(?=\\n?(?![^]))'
    if (part === '(?P<') return '(?<'
    if (part.startsWith('(?P=')) return `\\k<${part.slice(4, -1)}>`
    if (part.startsWith('{,')) return `{0${part.slice(1)}`
    // A ] that comes first belongs to the class.
    return part.startsWith('[') ? part.replace(/^(\[\^?)\]/, '$1\\]') : part
  })
}

/** What takes the place of a match: Python's \1, \g<1> and \g<name>, and \n. */
export function fill(replacement: string, match: RegExpExecArray): string {
  return replacement.replaceAll(/\\(?:g<(\w+)>|(\d{1,2})|([^]))/g, (all, name, digits, one: string) => {
    const group = (name ?? digits) as string | undefined
    if (group === undefined) return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[one] ?? (all as string)
    return groupOf(match, group)
  })
}

/** A group by its number or name; empty when it took no part in the match. */
export function groupOf(match: RegExpExecArray, group: string): string {
  if (/^\d+$/.test(group)) {
    if (Number(group) < match.length) return match[Number(group)] ?? ''
  } else if (match.groups && Object.hasOwn(match.groups, group)) return match.groups[group] ?? ''
  throw new TemplateError(`the regular expression has no group '${group}'`)
}
