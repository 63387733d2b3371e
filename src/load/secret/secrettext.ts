import { lineStarts, placeAtOffset } from '../yaml/lines.ts'
import { encrypt } from './secretage.ts'
import { ARMOR_BEGIN } from './secretarmor.ts'
import { SecretError, type SecretFailure } from './secreterror.ts'
import { open } from './secretopen.ts'
import { type SecretSpan, secretSpans } from '../yaml/yamlspans.ts'

/** A YAML text with its secrets decrypted, as people edit it, and what is needed to encrypt it again. */
export interface OpenText {
  text: string
  secrets: OpenSecret[]
}

interface OpenSecret {
  plain: string
  /** As it stands in the file, from its tag on. */
  raw: string
  /** What stands before it on its line. */
  before: string
}

/** Whether a text tagged `!secret` is encrypted; else it is one that somebody has just written. */
export function isArmored({ value }: { value: string }): boolean {
  return value.trimStart().startsWith(ARMOR_BEGIN)
}

/** A value as YAML to paste: a block of text, indented by that many blanks. */
export function secretBlock(armored: string, indent: number, newline = '\n'): string {
  return ['!secret |', ...armored.split('\n').map((line) => ' '.repeat(indent) + line)].join(newline)
}

/** Encrypts every encrypted value anew for these recipients; nothing else changes. Throws SecretError with the place. */
export async function rekeyText(source: string, file: string, recipients: string[]): Promise<string> {
  return replaceSpans(source, file, async (span) => {
    if (!isArmored(span)) return undefined
    const armored = await encrypt(await open(span.value, file), recipients)
    return withArmor(source, span, armored)
  })
}

/** The text with every encrypted value in plain. Throws SecretError with the place. */
export async function openText(source: string, file: string): Promise<OpenText> {
  const secrets: OpenSecret[] = []
  const text = await replaceSpans(source, file, async (span) => {
    if (!isArmored(span)) return undefined
    const plain = (await open(span.value, file)).toString('utf8')
    const raw = source.slice(span.start, span.end)
    secrets.push({ plain, raw: raw.trimEnd(), before: lineBefore(source, span) })
    return `!secret ${JSON.stringify(plain)}${tailOf(raw, span)}`
  })
  return { text, secrets }
}

/** Encrypts what is tagged `!secret`; what was not changed keeps its encrypted text as it was. */
export async function closeText(
  edited: string,
  file: string,
  known: OpenSecret[],
  recipients: () => Promise<string[]>,
): Promise<string> {
  const left = [...known]
  return replaceSpans(edited, file, async (span) => {
    if (isArmored(span)) return undefined
    if (span.value.trim() === '')
      throw new SecretError('the secret is empty', 'write its value after !secret')
    const tail = tailOf(edited.slice(span.start, span.end), span)
    const before = lineBefore(edited, span)
    const same = left.findIndex((one) => one.plain === span.value && one.before === before)
    if (same >= 0) return (left.splice(same, 1)[0] as OpenSecret).raw + tail
    return newSecret(edited, span, await encrypt(span.value, await recipients())) + tail
  })
}

function newSecret(source: string, span: SecretSpan, armored: string): string {
  if (span.flow) return `!secret ${JSON.stringify(armored)}`
  const indent = (/^[ \t]*(?:- +)*/.exec(lineBefore(source, span))?.[0].length ?? 0) + 2
  return secretBlock(armored, indent, newlineOf(source))
}

/** The encrypted text of a block replaced where it stands; any other style becomes one quoted text. */
function withArmor(source: string, span: SecretSpan, armored: string): string {
  const raw = source.slice(span.start, span.end)
  const [lines, indent = ''] = /^([ \t]*)-----BEGIN [^]*^\1-----END AGE ENCRYPTED FILE-----/m.exec(raw) ?? []
  if (!span.block || lines === undefined) return `!secret ${JSON.stringify(armored)}${tailOf(raw, span)}`
  const written = armored.split('\n').map((line) => indent + line)
  return raw.replace(lines, () => written.join(newlineOf(source)))
}

/** A block ends with the newlines behind it, which stay. */
function tailOf(raw: string, { block }: SecretSpan): string {
  return block ? (/\s*$/.exec(raw)?.[0] ?? '') : ''
}

function lineBefore(source: string, { start }: SecretSpan): string {
  return source.slice(source.lastIndexOf('\n', start - 1) + 1, start)
}

function newlineOf(source: string): string {
  return source.includes('\r\n') ? '\r\n' : '\n'
}

/** Every mistake is told, not only the first. */
async function replaceSpans(
  source: string,
  file: string,
  replace: (span: SecretSpan) => Promise<string | undefined>,
): Promise<string> {
  const starts = lineStarts(source)
  const parts: string[] = []
  const wrong: SecretFailure[] = []
  let at = 0
  for (const span of spansOf(source, file)) {
    const text = await replace(span).catch((error: unknown) => {
      if (!(error instanceof SecretError)) throw error
      wrong.push({ place: placeAtOffset(file, starts, span.start), error })
      return undefined
    })
    parts.push(source.slice(at, span.start), text ?? source.slice(span.start, span.end))
    at = span.end
  }
  if (wrong.length > 0) throw new WrongSecrets(wrong)
  return parts.join('') + source.slice(at)
}

function spansOf(source: string, file: string): SecretSpan[] {
  try {
    return secretSpans(source)
  } catch (error) {
    throw new SecretError(`${file} is no valid YAML: ${(error as Error).message}`, 'mend it first')
  }
}

/** The secrets of a text that could not be worked on. */
export class WrongSecrets extends SecretError {
  readonly failures: SecretFailure[]
  constructor(failures: SecretFailure[]) {
    super('some secrets are wrong')
    this.failures = failures
  }
}
