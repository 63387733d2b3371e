import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { LARGE, STAMP, SUM_OF_F } from '../base/sha256.ts'
import { quote, sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Survey, Verified } from '../core/task.ts'

export type SeenFile = {
  type: 'file' | 'directory' | 'link' | 'other'
  /** Four octal digits, e.g. "0644". */
  mode: string
  /** Names, or numbers where the host knows no name. */
  owner: string
  group: string
  /** In bytes; 0 for what is not a regular file. */
  size: number
  /** Where a link points, as it is written in the link. */
  target?: string
  /** Null: not a regular file, one that may not be read, or one of more than HASH_LIMIT. */
  sha256: string | null
  /** The content if it is UTF-8 text without NUL of at most 64 KiB, else null. */
  text: string | null
}

/** The largest file whose content travels, in bytes; of a larger one the host computes the hash. */
const TEXT_LIMIT = 65536

/** Of a still larger one nothing is computed, or looking at its mode would take longer than a look may. */
export const HASH_LIMIT = 2 ** 34

const STAT_FIELDS = '\\0%p\\0%y\\0%m\\0%u\\0%g\\0%s\\0%l\\0'

/** Prints for each large file what sha256sum would; of what was verified it need not read the content. */
function sumLarge(verified: Verified): string {
  const known = [...verified].map(([stamp, sha256]) => `${quote(stamp)}) [ -r "$f" ] && sum=${sha256} ;;`)
  const sum =
    known.length === 0
      ? SUM_OF_F
      : `case $(stat -c ${quote(STAMP)} -- "$f") in ${known.join(' ')} *) ${SUM_OF_F} ;; esac`
  return `for f do { ${sum}; } && printf '%s  %s\\0' "$sum" "$f"; done`
}

export const fileSurvey: Survey = {
  name: 'files',
  // `head -v` frames contents by file names, which holds where the size can't be trusted (/proc, a growing log).
  script: (paths, verified = new Map()) => {
    const find =
      sh`LC_ALL=C find ${paths} -maxdepth 0 -printf ${STAT_FIELDS} -type f ${'('} -size +${TEXT_LIMIT}c ` +
      sh`${'('} -size +${HASH_LIMIT}c -o -size +${LARGE}c -exec sh -c ${sumLarge(verified)} sh {} + -o ` +
      `-exec sha256sum -z -- {} + ')' -o -exec head -v -c ${TEXT_LIMIT} -- {} + ')'`
    // find tells of each path that is absent in four pieces, and each would be a packet.
    return `{ said=$(${find} 2>&1 >&3 3>&-); } 3>&1; code=$?; [ -z "$said" ] || printf '%s\n' "$said" >&2; exit $code`
  },
}

interface SurveyedFiles {
  files: Map<string, SeenFile>
  /** Why nothing can be said about a path, in the C locale's words. */
  failures: Map<string, string>
}

// Every probe of a survey parses the same output: it is read once, however many paths there are.
const read = new WeakMap<Output, SurveyedFiles>()

export function surveyedFiles(output: Output): SurveyedFiles {
  const known = read.get(output)
  if (known !== undefined) return known
  const fresh = { files: readFiles(output.stdout), failures: readFailures(output.stderr) }
  read.set(output, fresh)
  return fresh
}

/** Size, hash and text of some bytes. */
export function bytesFact(bytes: Buffer): { size: number; sha256: string; text: string | null } {
  const isText = bytes.length <= TEXT_LIMIT && !bytes.includes(0) && isUtf8(bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { size: bytes.length, sha256, text: isText ? bytes.toString() : null }
}

/** find names each path it could not see on a line of its own, in a quoting that has no line ends. */
function readFailures(stderr: string): Map<string, string> {
  const failures = new Map<string, string>()
  for (const line of stderr.split('\n')) {
    const [, path, why] = /^find: '(.*)': ([^:]+)$/.exec(line) ?? []
    if (path !== undefined && why !== undefined) failures.set(unquote(path), why)
  }
  return failures
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }

/** Undoes the quoting of GNU messages in the C locale: \n, \', \\ and octal bytes. */
function unquote(quoted: string): string {
  const bytes = quoted.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) =>
    String.fromCharCode(code.length === 3 ? Number.parseInt(code, 8) : (ESCAPES[code] ?? code.charCodeAt(0))),
  )
  return Buffer.from(bytes, 'latin1').toString()
}

/** Where the reader stands in the bytes, and what it has seen so far. */
interface Reading {
  bytes: Buffer
  at: number
  files: Map<string, SeenFile>
  /** Regular files whose content or hash may still come, in the order of find. */
  awaited: string[]
}

/** Three kinds of records: what find printed, hashes of large files, contents of small ones. */
function readFiles(bytes: Buffer): Map<string, SeenFile> {
  const reading: Reading = { bytes, at: 0, files: new Map(), awaited: [] }
  while (reading.at < bytes.length) {
    if (bytes[reading.at] === 0) readStat(reading)
    else if (startsHash(reading)) readHash(reading)
    else readContent(reading)
  }
  return reading.files
}

const TYPES: Record<string, SeenFile['type']> = { f: 'file', d: 'directory', l: 'link' }

function readStat(reading: Reading): void {
  reading.at++
  type Fields = [string, string, string, string, string, string, string]
  const [path, letter, mode, owner, group, size, target] = readFields(reading, 7) as Fields
  const type = TYPES[letter] ?? 'other'
  const file: SeenFile = {
    type,
    mode: mode.padStart(4, '0'),
    owner,
    group,
    size: 0,
    sha256: null,
    text: null,
  }
  if (type === 'file') file.size = Number(size)
  if (type === 'link') file.target = target
  if (type === 'file') reading.awaited.push(path)
  reading.files.set(path, file)
}

/** Texts that end with NUL. */
function readFields(reading: Reading, count: number): string[] {
  const { bytes, at } = reading
  let end = at - 1
  for (let field = 0; field < count; field++) {
    end = bytes.indexOf(0, end + 1)
    if (end < 0) throw new TaskError('the answer about files is cut off')
  }
  reading.at = end + 1
  return bytes.toString('utf8', at, end).split('\0')
}

function startsHash({ bytes, at }: Reading): boolean {
  return /^[0-9a-f]{64} [ *]$/.test(bytes.toString('latin1', at, at + 66))
}

function readHash(reading: Reading): void {
  const [record] = readFields(reading, 1) as [string]
  const path = record.slice(66)
  const file = reading.files.get(path)
  if (file !== undefined) file.sha256 = record.slice(0, 64)
  reading.awaited = reading.awaited.filter((one) => one !== path)
}

function readContent(reading: Reading): void {
  const { bytes, files } = reading
  // Files that may not be read have no record; they are passed over.
  const found = reading.awaited.findIndex((path) => headerLength(reading, path) > 0)
  const path = reading.awaited[found]
  const file = path === undefined ? undefined : files.get(path)
  if (path === undefined || file === undefined) throw new TaskError('the answer about files makes no sense')
  const start = reading.at + headerLength(reading, path)
  reading.awaited.splice(0, found + 1)
  reading.at = contentEnd(reading, start, start + file.size)
  Object.assign(file, bytesFact(bytes.subarray(start, reading.at)))
}

/** Length of the line `==> PATH <==` if it stands here, else 0. */
function headerLength({ bytes, at }: Pick<Reading, 'bytes' | 'at'>, path: string): number {
  const header = Buffer.from(`==> ${path} <==\n`)
  // All but the first header of a process come after an empty line.
  const gap = bytes[at] === 10 ? 1 : 0
  const end = at + gap + header.length
  return bytes.subarray(at + gap, end).equals(header) ? gap + header.length : 0
}

/** The size says where a content ends, unless the file is not what it said; then the next header does. */
function contentEnd(reading: Reading, start: number, expected: number): number {
  const { bytes, awaited } = reading
  const here = { ...reading, at: expected }
  const ends = expected === bytes.length || bytes[expected] === 0 || startsHash(here)
  if (ends || awaited.some((path) => headerLength(here, path) > 0)) return expected
  const next = awaited.map((path) => bytes.indexOf(`\n==> ${path} <==\n`, start)).filter((at) => at >= 0)
  return Math.min(bytes.length, ...next)
}
