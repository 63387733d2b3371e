interface Pattern {
  /** Whether it takes paths in again. */
  negated: boolean
  form: RegExp
}

/** Tells which paths a .dockerignore leaves out; the last pattern that fits a path or a folder above it decides. */
export function ignoring(text: string): (path: string) => boolean {
  const patterns = text.split('\n').flatMap(patternOf)
  return (path) => {
    const parts = path.split('/')
    const paths = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
    return patterns.reduce(
      (out, { negated, form }) => (paths.some((one) => form.test(one)) ? !negated : out),
      false,
    )
  }
}

/** Whether it takes anything in again: then what lies in a folder that is left out must be looked at, too. */
export function takesIn(text: string): boolean {
  return text.split('\n').some((line) => line.trim().startsWith('!'))
}

function patternOf(line: string): Pattern[] {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return []
  const negated = text.startsWith('!')
  const path = cleaned(negated ? text.slice(1).trim() : text)
  return path === '' ? [] : [{ negated, form: new RegExp(`^${expression(path)}$`) }]
}

/** Without leading and trailing slashes, and without dots that lead nowhere. */
function cleaned(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

const WILDCARDS = /\*\*\/|\*\*|\*|\?|\[[^\]]*\]|\\.|[^]/g

/** As docker reads them: `**` is any number of folders, none included. */
function expression(path: string): string {
  return (path.match(WILDCARDS) ?? [])
    .map((token) => {
      if (token === '**/') return '(?:.*/)?'
      if (token === '**') return '.*'
      if (token === '*') return '[^/]*'
      if (token === '?') return '[^/]'
      if (token.startsWith('[') && token.length > 1) return token.replace(/^\[\^/, '[^/')
      const plain = token.startsWith('\\') && token.length > 1 ? token.slice(1) : token
      return plain.replaceAll(/[.+^${}()|[\]\\*?]/g, '\\$&')
    })
    .join('')
}
