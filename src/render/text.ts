import { stripVTControlCharacters } from 'node:util'

const ascii = /^[\x20-\x7e]*$/
// One column each and nothing that combines: segmenting is 100 times slower than this look.
const simple =
  /^[\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u058f\u2010-\u2027\u2030-\u2055\u2190-\u2193\u2500-\u25fc\u2713-\u2718\u2800-\u28ff]*$/
const zeroWidth = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]/u
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u
let segmenter: Intl.Segmenter | undefined

/** Most texts need none, and to have one made takes longer than all the rest of this file. */
function graphemesOf(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter()
  return segmenter.segment(text)
}

/** Columns a text takes in a terminal; colours count nothing, wide characters two. */
export function width(text: string): number {
  const bare = text.includes('\x1b') ? stripVTControlCharacters(text) : text
  if (simple.test(bare)) return bare.length
  let columns = 0
  for (const { segment } of graphemesOf(bare)) columns += graphemeWidth(segment)
  return columns
}

function graphemeWidth(grapheme: string): number {
  if (simple.test(grapheme)) return grapheme.length
  if (wide.test(grapheme)) return 2
  return zeroWidth.test(grapheme) ? 0 : 1
}

/** Shortens a text without colours to so many columns, ending in "…" when something was cut off. */
export function clip(text: string, columns: number): string {
  if (columns <= 0) return ''
  if (width(text) <= columns) return text
  if (simple.test(text)) return `${text.slice(0, columns - 1)}…`
  let kept = ''
  let used = 1
  for (const { segment } of graphemesOf(text)) {
    used += graphemeWidth(segment)
    if (used > columns) break
    kept += segment
  }
  return `${kept}…`
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - width(text))) + text
}

// What a host printed must not move the cursor, retitle the terminal or reverse the reading direction.
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** One line fit for a terminal: of what a progress bar overwrote only the last state is kept, tabs and ends of lines become blanks. */
export function printable(line: string): string {
  if (ascii.test(line)) return line
  const bare = stripVTControlCharacters(line).replace(/\r+$/, '')
  return bare
    .slice(bare.lastIndexOf('\r') + 1)
    .replaceAll('\t', '    ')
    .replaceAll('\n', ' ')
    .replace(unprintable, '')
}

/** The printable lines of a text, without trailing blank ones. */
export function printableLines(text: string): string[] {
  return text.trimEnd().split('\n').map(printable)
}

/** "1 host", "15 hosts". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** "0.4 s", "12 s", "3:07 min", "1:02:03 h". */
export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`
  return ms < 3_600_000 ? `${elapsed(Math.max(ms, 60_000))} min` : `${elapsed(ms)} h`
}

/** A clock that counts whole seconds: "0:07", "1:02:03". */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`
}

/** Names as short as they can be said: "rpicloud, rpi[01:14]"; the order of first mention is kept. */
export function hostRange(hosts: string[]): string {
  const shown: string[] = []
  for (let at = 0; at < hosts.length; ) {
    const length = runLength(hosts, at)
    shown.push(
      length > 2 ? span(hosts[at]!, hosts[at + length - 1]!) : hosts.slice(at, at + length).join(', '),
    )
    at += length
  }
  return shown.join(', ')
}

function runLength(hosts: string[], from: number): number {
  const parts = numbered(hosts[from]!)
  let length = 1
  while (parts && hosts[from + length] === parts.stem + next(parts.digits, length)) length++
  return length
}

function next(digits: string, step: number): string {
  return String(Number(digits) + step).padStart(digits.length, '0')
}

function span(first: string, last: string): string {
  const stem = numbered(first)!.stem
  return `${stem}[${first.slice(stem.length)}:${last.slice(stem.length)}]`
}

function numbered(host: string): { stem: string; digits: string } | null {
  const match = /^(.*?)(\d+)$/.exec(host)
  return match && { stem: match[1]!, digits: match[2]! }
}
