import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'

const CONTEXT_LINES = 3

/** Changed lines beyond which comparing would take seconds: then the whole text is shown as replaced. */
const EDIT_LIMIT = 1000

/** Unified diff of two texts, each line with its end; '' when they are equal. */
export function unifiedDiff(title: string, before: string, after: string): string {
  if (before === after) return ''
  const options = { context: CONTEXT_LINES, maxEditLength: EDIT_LIMIT, headerOptions: FILE_HEADERS_ONLY }
  const patch = createTwoFilesPatch(title, title, before, after, undefined, undefined, options)
  return patch ?? replacement(title, before, after)
}

function replacement(title: string, before: string, after: string): string {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  const header = `--- ${title}\n+++ ${title}\n@@ -${range(old)} +${range(fresh)} @@\n`
  return header + [...old.map((line) => `-${line}`), ...fresh.map((line) => `+${line}`)].join('')
}

function linesOf(text: string): string[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  return lines.map((line) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`))
}

function range(lines: string[]): string {
  return `${lines.length === 0 ? 0 : 1},${lines.length}`
}
