import { SecretError } from './secreterror.ts'

export const ARMOR_BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----'
export const ARMOR_END = '-----END AGE ENCRYPTED FILE-----'
const VERSION_LINE = 'age-encryption.org/v1\n'
const AGAIN = "copy it anew, from its first line '-----BEGIN' to its last '-----END'"

/** Whether a file is encrypted with age as a whole, as text or binary. */
export function isEncrypted(bytes: Uint8Array): boolean {
  const begin = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  return begin.startsWith(VERSION_LINE) || begin.trimStart().startsWith(ARMOR_BEGIN)
}

/** The bytes of an encrypted file in either form. Throws SecretError, saying which line of the text is wrong. */
export function encryptedBytes(file: Uint8Array | string): Buffer {
  if (
    typeof file !== 'string' &&
    Buffer.from(file.subarray(0, VERSION_LINE.length)).equals(Buffer.from(VERSION_LINE))
  )
    return Buffer.from(file)
  const text = typeof file === 'string' ? file : Buffer.from(file).toString('latin1')
  return unarmor(
    text
      .trim()
      .split(/\r?\n/)
      .map((line) => line.trim()),
  )
}

function unarmor(lines: string[]): Buffer {
  if (lines[0] !== ARMOR_BEGIN)
    throw new SecretError('this is no text that age has encrypted', `it begins with ${ARMOR_BEGIN}`)
  if (lines.length < 3 || lines.at(-1) !== ARMOR_END)
    throw new SecretError(`the encrypted text does not end with ${ARMOR_END}`, AGAIN)
  const body = lines.slice(1, -1)
  const wrong = body.findIndex((line, index) => !isBodyLine(line, index === body.length - 1))
  if (wrong >= 0) throw new SecretError(`line ${wrong + 2} of the encrypted text is damaged`, AGAIN)
  const bytes = Buffer.from(body.join(''), 'base64')
  if (bytes.subarray(0, VERSION_LINE.length).toString() === VERSION_LINE) return bytes
  throw new SecretError('the encrypted text is damaged: its first line says nothing of age', AGAIN)
}

function isBodyLine(line: string, last: boolean): boolean {
  const whole = /^[A-Za-z0-9+/]*={0,2}$/.test(line) && line.length % 4 === 0
  return whole && (last ? line.length > 0 && line.length <= 64 : line.length === 64 && !line.endsWith('='))
}

/** Whether it opens with a passphrase rather than with a key. */
export function wantsPassphrase(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(VERSION_LINE.length, VERSION_LINE.length + 10))
    .toString('latin1')
    .startsWith('-> scrypt ')
}
