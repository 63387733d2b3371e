/** The first letter of each word is large, the others small. */
export function titled(value: string): string {
  return value.replaceAll(
    /[^\s({[<-]+/g,
    (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
  )
}

export function indent(value: string, pad: string, first: boolean, blank: boolean): string {
  const lines = value.split('\n')
  return lines
    .map((line, index) => ((index === 0 ? first : blank || line !== '') ? pad + line : line))
    .join('\n')
}

/** Cuts behind a word unless `kill`; a text that is only little too long stays whole. */
export function truncate(value: string, length: number, kill: boolean, end: string, leeway: number): string {
  if (value.length <= length + leeway) return value
  const cut = value.slice(0, Math.max(0, length - end.length))
  const blank = cut.lastIndexOf(' ')
  return (kill || blank < 0 ? cut : cut.slice(0, blank)) + end
}

/** Lines of at most `width` characters, broken at blanks. */
export function wordWrap(value: string, width: number, breakLong: boolean, by: string): string {
  const most = Math.max(1, Math.trunc(width))
  return value
    .split(/\r?\n/)
    .flatMap((line) => wrapLine(line, most, breakLong))
    .join(by)
}

function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(/\s+/).flatMap((one) => (breakLong ? chunks(one, width) : [one]))) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current !== '' && longer.length > width) {
      lines.push(current)
      current = word
    } else current = longer
  }
  return [...lines, current]
}

function chunks(word: string, width: number): string[] {
  return word.length <= width ? [word] : (word.match(new RegExp(`[^]{1,${width}}`, 'g')) ?? [])
}
