import { TaskError, Unforeseen } from '../core/errors.ts'
import type { Content, Output, Probe } from '../core/task.ts'
import { bytesFact, fileSurvey, type SeenFile, surveyedFiles } from './filesurvey.ts'

/** What a path of the host is; null when nothing is there. Symbolic links are not followed. */
export type FileFact = SeenFile | null

/** A file of which only its being there is known. */
export const SOMETHING: FileFact = {
  type: 'other',
  mode: 'unknown',
  owner: '',
  group: '',
  size: 0,
  sha256: null,
  text: null,
}

/** A directory of root's that everybody may enter, as mkdir makes it. */
export const PLAIN_DIRECTORY: FileFact = {
  ...SOMETHING!,
  type: 'directory',
  mode: '0755',
  owner: 'root',
  group: 'root',
}

/** Whether that is all that is known of a file; null is known. */
export function isSomething(fact: FileFact): boolean {
  return fact?.mode === SOMETHING!.mode
}

/** Throws Unforeseen of a file of which no more is known than that it will be there. */
export function requireKnown(path: string, fact: FileFact): void {
  if (isSomething(fact)) throw new Unforeseen(`what ${path} will be is not known yet`)
}

/** Looks at an absolute path. All paths of a look share one `find`. */
export function fileProbe(path: string): Probe<FileFact> {
  const subject = cleanPath(path)
  return {
    key: `file:${subject}`,
    script: { survey: fileSurvey, subject },
    parse: (output) => factOf(subject, output),
    place: { path: subject, absent: null, madeOnTheWay: PLAIN_DIRECTORY },
  }
}

/** The same path always gives the same key: no doubled and no trailing slashes (one would follow a link). */
export function cleanPath(path: string): string {
  return path.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
}

/** Whether a path is that directory or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.replace(/\/?$/, '/'))
}

/** Size, hash and text of a content, as in the fact of a file that holds it. */
export function contentFact(content: Content): Pick<SeenFile, 'size' | 'sha256' | 'text'> {
  if ('text' in content) return bytesFact(Buffer.from(content.text))
  const { size, sha256, text } = content.local
  return { size, sha256, text: text?.includes('\0') ? null : text }
}

const ABSENT = new Set(['No such file or directory', 'Not a directory'])

function factOf(path: string, output: Output): FileFact {
  const { files, failures } = surveyedFiles(output)
  const file = files.get(path)
  if (file !== undefined) return file
  const why = failures.get(path) ?? (output.stderr.trim() || `no answer, exit code ${output.code}`)
  if (ABSENT.has(why)) return null
  const hint = /denied|permitted/.test(why) ? "set 'become: true' to look as root" : undefined
  throw new TaskError(`can't look at ${path}: ${why}`, hint)
}
