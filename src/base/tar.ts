/** Something in a tar archive. */
export interface ArchiveEntry {
  /** Relative, with slashes, without one at the end. */
  name: string
  kind: 'file' | 'directory' | 'link'
  /** Permission bits. */
  mode: number
  /** In bytes; 0 for what is no file. */
  size: number
  /** Of a file's content, where it was computed. */
  sha256?: string
  /** Where a link points. */
  target?: string
  /** Path of the file on the controller that it is taken from. */
  source: string
}

const BLOCK = 512
const TYPES = { file: '0', directory: '5', link: '2' }

/** What stands before the content of an entry. No owner and no time: the same content gives the same archive. */
export function tarHeader(entry: ArchiveEntry): Buffer {
  const name = entry.kind === 'directory' ? `${entry.name}/` : entry.name
  const long = [
    ...(fits(name) ? [] : [record('path', name)]),
    ...(fits(entry.target ?? '') ? [] : [record('linkpath', entry.target ?? '')]),
  ].join('')
  const plain = header(name, TYPES[entry.kind], entry.mode, entry.size, entry.target ?? '')
  if (long === '') return plain
  const bytes = Buffer.from(long)
  return Buffer.concat([header('pax', 'x', 0o644, bytes.length, ''), bytes, tarPadding(bytes.length), plain])
}

/** What fills up the last block of a content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK)

function fits(name: string): boolean {
  return Buffer.byteLength(name) <= 100
}

/** A record of POSIX's extended headers; its length counts its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const size = Buffer.byteLength(rest)
  const digits = String(size + String(size).length).length
  return `${size + digits}${rest}`
}

function header(name: string, type: string, mode: number, size: number, target: string): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0, 100)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write(type, 156)
  block.write(target, 157, 100)
  block.write('ustar\0' + '00', 257, 'latin1')
  block.write('        ', 148)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
