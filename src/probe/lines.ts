/** A line and its own end: "\n", "\r\n", or "" for the last one of a file without a final line end. */
export interface Line {
  text: string
  end: string
}

export function splitLines(text: string): Line[] {
  const lines: Line[] = []
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf('\n', at)
    const next = found < 0 ? text.length : found + 1
    const end = found < 0 ? '' : found > at && text[found - 1] === '\r' ? '\r\n' : '\n'
    lines.push({ text: text.slice(at, next - end.length), end })
    at = next
  }
  return lines
}

export function joinLines(lines: Line[]): string {
  return lines.map((line) => line.text + line.end).join('')
}

/** Puts a line in at an index; it ends as its neighbours do, and an unfinished last line before it is finished. */
export function insertLine(lines: Line[], text: string, at: number): Line[] {
  const end = lines[0]?.end || '\n'
  const finished = lines.slice(0, at).map((line) => ({ ...line, end: line.end || end }))
  return [...finished, { text, end }, ...lines.slice(at)]
}
