const RANGE = /\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]/
const MOST = 10_000

/**
 * Expands `rpi[01:14]`, `node-[a:f]` and `x[0:10:2]`, several ranges too; the end is included and leading zeros
 * are kept. A text without a range gives itself. Throws Error with the reason.
 */
export function expandRange(text: string): string[] {
  const match = RANGE.exec(text)
  if (match === null) {
    if (/[[\]]/.test(text)) throw new Error(`'${text}' is not a range`)
    return [text]
  }
  const before = text.slice(0, match.index)
  const rest = expandRange(text.slice(match.index + match[0].length))
  const steps = series(match[1] as string, match[2] as string, Number(match[3] ?? 1), match[0])
  if (steps.length * rest.length > MOST) throw new Error(`'${text}' names more than ${MOST} hosts`)
  return steps.flatMap((one) => rest.map((after) => before + one + after))
}

function series(first: string, last: string, step: number, text: string): string[] {
  const numeric = /^\d+$/.test(first)
  if (numeric !== /^\d+$/.test(last)) throw new Error(`${text} mixes a number and a letter`)
  if (first.length > 1 && first.startsWith('0') && first.length !== last.length)
    throw new Error(`${text} begins and ends with numbers of different width`)
  const [from, to] = numeric ? [Number(first), Number(last)] : [first.charCodeAt(0), last.charCodeAt(0)]
  if (step < 1) throw new Error(`${text} has a step of 0`)
  if (from > to) throw new Error(`${text} ends before it begins`)
  if (to - from > MOST * step) throw new Error(`${text} names more than ${MOST} hosts`)
  const result: string[] = []
  for (let value = from; value <= to; value += step)
    result.push(numeric ? String(value).padStart(first.length, '0') : String.fromCharCode(value))
  return result
}
