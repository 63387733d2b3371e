/** A line and its own end: "\n", "\r\n", or "" for the last one of a file without a final line end. */
export interface Line {
  text: string
  end: string
}

export function splitLines(text: string): Line[] {
  return [...text.matchAll(/([^\n]*?)(\r?\n|$)/g)]
    .map(([, line = '', end = '']) => ({ text: line, end }))
    .filter((line) => line.text !== '' || line.end !== '')
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
