import { quote } from '../base/shell.ts'

/** File descriptor that holds the host's lock; closed in every script so that no daemon can inherit it. */
export const LOCK_FD = 9

export type MarkKind = 'hello' | 'begin' | 'end'

/** Sets up a fresh shell and makes it say its process id. */
export function preamble(nonce: string): string {
  return (
    'LC_ALL=C; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export LC_ALL PATH\n' +
    `printf '${nonce} hello 0 %s\\n' $$; printf '${nonce} hello 0\\n' >&2\n`
  )
}

/**
 * A script as the shell reads it from its standard input: in a subshell, so that `exit`, `exec` and syntax
 * errors end only the script. The nonce is written out each time: in a variable the script could print it.
 */
export function scriptFrame(nonce: string, seq: number, script: string, stdin?: string): string {
  if (script.includes('\0')) throw new Error('a script holds a NUL byte')
  const body = `( eval ${quote(script)} )`
  const fed = stdin
    ? `printf %b ${quote(escapeBytes(stdin))} 2>/dev/null ${LOCK_FD}>&- | ${body} ${LOCK_FD}>&-`
    : `${body} </dev/null ${LOCK_FD}>&-`
  return marked(nonce, seq, fed)
}

/** Commands run by the shell itself, so that what they open stays open. */
export function shellFrame(nonce: string, seq: number, commands: string): string {
  return marked(nonce, seq, `{\n${commands}\n} </dev/null`)
}

function marked(nonce: string, seq: number, body: string): string {
  const mark = (kind: MarkKind) => `${nonce} ${kind} ${seq}`
  return (
    `printf '${mark('begin')}\\n'; printf '${mark('begin')}\\n' >&2\n${body}\n` +
    `printf '${mark('end')} %s\\n' $?; printf '${mark('end')}\\n' >&2\n`
  )
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
    for (let size = Math.min(data.length, this.#nonce.length - 1); size > 0; size--) {
      if (data.subarray(data.length - size).equals(this.#nonce.subarray(0, size))) return size
    }
    return 0
  }
}
