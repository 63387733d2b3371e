import { quote } from '../base/shell.ts'
import { CommandError } from '../core/errors.ts'

/** File descriptor that holds the host's lock; closed in every script so that no daemon can inherit it. */
export const LOCK_FD = 9

export type MarkKind = 'hello' | 'begin' | 'end'

/** Sets up a fresh shell. */
const PREAMBLE = 'LC_ALL=C; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export LC_ALL PATH\n'

/** Commands between two marks. */
export interface Frame {
  seq: number
  body: string
}

/**
 * Frames as the shell reads them from its standard input; a fresh one sets itself up first and says its process id.
 * Marks that follow each other are printed in one go: each write is a packet of its own, and they would be most of
 * what a host sends. The nonce is written out each time: in a variable the script could print it.
 */
export function framed(nonce: string, frames: Frame[], fresh: boolean): string {
  const mark = (kind: MarkKind, seq: number): string => `${nonce} ${kind} ${seq}`
  const say = (marks: string[], value = ''): string => {
    // Of the marks on standard output one may have a value.
    const [first, ...rest] = marks
    const valued = [value === '' ? first : `${first} %s`, ...rest]
    return `printf '${valued.join('\\n')}\\n' ${value}; printf '${marks.join('\\n')}\\n' >&2\n`
  }
  let text = fresh ? PREAMBLE : ''
  let last = fresh ? mark('hello', 0) : undefined
  let value = '$$'
  for (const { seq, body } of frames) {
    text += last === undefined ? say([mark('begin', seq)]) : say([last, mark('begin', seq)], value)
    text += `${body}\n`
    last = mark('end', seq)
    value = '$?'
  }
  return last === undefined ? text : text + say([last], value)
}

/**
 * A script, in a subshell, so that `exit`, `exec` and syntax errors end only the script. Throws when it holds what
 * no shell can be given.
 */
export function scriptBody(script: string, stdin?: string): string {
  if (script.includes('\0')) {
    const at = { code: 1, command: script, stderr: '' }
    throw new CommandError('it holds a NUL byte, which no command and no variable can be given', at)
  }
  const body = `( eval ${quote(script)} )`
  if (!stdin) return `${body} </dev/null ${LOCK_FD}>&-`
  return `printf %b ${quote(escapeBytes(stdin))} 2>/dev/null ${LOCK_FD}>&- | ${body} ${LOCK_FD}>&-`
}

/** Commands run by the shell itself, so that what they open stays open. */
export function shellBody(commands: string): string {
  return `{\n${commands}\n} </dev/null`
}

/** printf's %b is the one way in sh to print NUL bytes; the rest goes through as it is. */
function escapeBytes(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\0', '\\0000')
}

/** Parts a stream into output and marks, wherever the borders of its chunks are. */
export class MarkScanner {
  readonly #nonce: Buffer
  readonly #onData: (data: Buffer) => void
  readonly #onMark: (kind: MarkKind, seq: number, value: string) => void
  #rest: Buffer = Buffer.alloc(0)

  constructor(
    nonce: string,
    onData: (data: Buffer) => void,
    onMark: (kind: MarkKind, seq: number, value: string) => void,
  ) {
    this.#nonce = Buffer.from(nonce)
    this.#onData = onData
    this.#onMark = onMark
  }

  push(chunk: Buffer): void {
    let data: Buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    for (let at = data.indexOf(this.#nonce); at >= 0; at = data.indexOf(this.#nonce)) {
      this.#emit(data.subarray(0, at))
      const end = data.indexOf('\n', at)
      if (end < 0) {
        this.#rest = data.subarray(at)
        return
      }
      const [, kind, seq, value] = data.toString('latin1', at, end).split(' ')
      data = data.subarray(end + 1)
      this.#onMark(kind as MarkKind, Number(seq), value ?? '')
    }
    const keep = this.#beginnings(data)
    this.#emit(data.subarray(0, data.length - keep))
    this.#rest = data.subarray(data.length - keep)
  }

  #emit(data: Buffer): void {
    if (data.length > 0) this.#onData(data)
  }

  /** How many bytes at the end may be the beginning of a mark. */
  #beginnings(data: Buffer): number {
    const first = this.#nonce[0]!
    const earliest = Math.max(0, data.length - this.#nonce.length + 1)
    for (let at = data.indexOf(first, earliest); at >= 0; at = data.indexOf(first, at + 1)) {
      const size = data.length - at
      if (data.subarray(at).equals(this.#nonce.subarray(0, size))) return size
    }
    return 0
  }
}
