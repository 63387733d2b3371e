/** Builds one DER element from its tag and its content. */
export function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

export const sequence = (...items: Buffer[]) => der(0x30, ...items)
export const set = (...items: Buffer[]) => der(0x31, ...items)
export const octets = (content: Buffer) => der(0x04, content)
export const bits = (content: Buffer, unused = 0) => der(0x03, Buffer.from([unused]), content)
export const text = (value: string) => der(0x0c, Buffer.from(value))
export const yes = der(0x01, Buffer.from([0xff]))

/** A positive integer from its big-endian bytes. Zeros in front are not allowed, but for one that keeps it positive. */
export function integer(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = start < 0 ? Buffer.from([0]) : bytes.subarray(start)
  const sign = ((digits[0] ?? 0) & 0x80) === 0 ? [] : [Buffer.from([0])]
  return der(0x02, ...sign, digits)
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const part of rest) bytes.push(...base128(part))
  return der(0x06, Buffer.from(bytes))
}

function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) | 0x80)
  }
  return bytes
}

/** Two-digit years: good until 2049, as X.509 wants it. */
export function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

export const pem = (label: string, body: Buffer) =>
  `-----BEGIN ${label}-----\n${body.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
