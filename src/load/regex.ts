import { TemplateError } from './templateerror.ts'

/** Compiles a regular expression written as for Python: (?P<name>...) and leading (?im) flags are understood. */
export function regex(pattern: string, flags = ''): RegExp {
  let source = pattern.replaceAll('(?P<', '(?<').replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>')
  let all = flags
  source = source.replace(/^(\^\(\?:)?\(\?([ims]+)\)/, (_, prefix: string | undefined, inline: string) => {
    all += inline
    return prefix ?? ''
  })
  source = source.replaceAll('\\A', '^').replaceAll('\\Z', '$')
  try {
    return new RegExp(source, [...new Set(`${all}u`)].join(''))
  } catch {
    // Python allows escapes like \- and \/ that JavaScript's unicode mode refuses.
    return compile(source, [...new Set(all)].join(''), pattern)
  }
}

function compile(source: string, flags: string, pattern: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    const reason = (error as Error).message.split(': ').at(-1)
    throw new TemplateError(`'${pattern}' is not a regular expression: ${reason}`)
  }
}

/** Turns Python's \1 and \g<name> into JavaScript's references; a dollar sign stays one. */
export function replacement(text: string): string {
  return text
    .replaceAll('$', '$$$$')
    .replaceAll(/\\g<(\d+)>|\\(\d)/g, (_, named: string, digit: string) => `$${named ?? digit}`)
    .replaceAll(/\\g<(\w+)>/g, '$<$1>')
}
