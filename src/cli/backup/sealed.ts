import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { Transform, type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { decryptStream, encryptStream } from '../../load/secret/secretage.ts'

export interface Measure {
  size: number
  sha256: string
}

/** Lets data through, and tells afterwards how much and what it was. */
function gauge(onData?: (size: number) => void): { stream: Transform; measure(): Measure } {
  const hash = createHash('sha256')
  let size = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      hash.update(chunk)
      onData?.(size)
      done(null, chunk)
    },
  })
  return { stream, measure: () => ({ size, sha256: hash.digest('hex') }) }
}

/** Encrypts a stream into a new file that only its owner can read; never holds more than a piece of it. */
export async function seal(
  source: Readable,
  file: string,
  recipients: string[],
  onData?: (size: number) => void,
): Promise<{ plain: Measure; sealed: Measure }> {
  const [plain, sealed] = [gauge(onData), gauge()]
  const arriving = pipeline(source, plain.stream)
  arriving.catch(() => {})
  const encrypted = await encryptStream(plain.stream, recipients)
  const written = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
  // A source that breaks off may look to the other end as if it were at its end.
  await Promise.all([arriving, pipeline(encrypted, sealed.stream, written)])
  return { plain: plain.measure(), sealed: sealed.measure() }
}

/** Reads a file to its end and, with keys, what it holds. Rejects where no key opens it or it was damaged. */
export async function measureSealed(
  file: string,
  identities: string[] | undefined,
): Promise<{ plain?: Measure; sealed: Measure }> {
  const [plain, sealed] = [gauge(), gauge()]
  const reading = pipeline(createReadStream(file), sealed.stream)
  if (identities === undefined) {
    await Promise.all([reading, pipeline(sealed.stream, nowhere())])
    return { sealed: sealed.measure() }
  }
  reading.catch(() => {})
  const opened = await decryptStream(sealed.stream, identities)
  await Promise.all([reading, pipeline(opened, plain.stream, nowhere())])
  return { plain: plain.measure(), sealed: sealed.measure() }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

/** What a file holds, as a stream. */
export function unseal(file: string, identities: string[]): Promise<Readable> {
  return decryptStream(createReadStream(file), identities)
}
