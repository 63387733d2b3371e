import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { JsonObject } from '../../core/json.ts'
import type { LocalFile, Task } from '../../core/task.ts'
import type { Place } from '../../core/place.ts'
import { argsErrors } from './checks.ts'
import { evaluate, type Names } from '../template/evaluate.ts'
import { explainArgs } from './argfaults.ts'
import { isLate, LATE } from '../../core/late.ts'
import { readLocalDirectory } from '../file/localdirectory.ts'
import { readLocalFile, renderedFile } from '../file/localfile.ts'
import type { Program } from '../program.ts'
import { convertFormats, hasFormats, type Schema, withDefaults } from './schemas.ts'
import { parseTemplateFile } from '../template/template.ts'
import { TemplateError } from '../template/templateerror.ts'

/** A mistake in a step's arguments or conditions; `pointer` leads from the step to it. */
export interface StepFault {
  pointer: string
  message: string
  hint?: string
  /** Characters from the beginning of the value, when it stands in its first line. */
  offset?: number
  /** When it lies in another file, e.g. in a template. */
  place?: Place
}

export interface Prepared {
  /** As the task takes them. */
  args: any
  secrets: string[]
}

/** Turns evaluated arguments into what the task takes: checked, with defaults, files read. */
export function prepareArgs(task: Task, given: JsonObject, at: Omit<At, 'pointer'>): Prepared {
  const schema = task.args as Schema
  const args = withDefaults(schema, given) as JsonObject
  const faults = explainArgs(task, args, argsErrors(task, args), at.written)
  for (const fault of faults) at.report({ ...fault, pointer: `/${task.name}${fault.pointer}` })
  const secrets: string[] = []
  const convert = (format: string, value: string, pointer: string): unknown => {
    // What is wrong with it has been told.
    if (faults.some((fault) => fault.pointer === pointer)) return value
    if (format === 'secret') secrets.push(value)
    if (format === 'k3s-release' && !isLate(value)) return at.program.releases.release(value)
    if (!/^(local|template)-/.test(format)) return value
    return convertFile(format, value, { ...at, pointer: `/${task.name}${pointer}` })
  }
  const converted = hasFormats(schema) ? convertFormats(schema, args, convert) : args
  if (faults.length > 0) return { args, secrets: [] }
  return { args: converted, secrets: [...secrets, ...ownSecrets(task, converted)].filter(isMaskable) }
}

interface At {
  program: Program
  names: Names
  /** The arguments before their templates were evaluated. */
  written?: JsonObject
  /** Where files are looked for, the nearest first; absent: beside the playbook. */
  folders?: string[]
  report(fault: StepFault): void
  pointer: string
}

function convertFile(format: string, name: string, at: At): LocalFile {
  let place: Place | undefined
  try {
    const folders = at.folders ?? [dirname(at.program.playbook)]
    if (format === 'local-directory') return readLocalDirectory(at.program, name, folders)
    if (format === 'local-path' && name.endsWith('/'))
      return readLocalDirectory(at.program, name, folders, 'tree')
    const isTemplate = format === 'template-file'
    const file = readLocalFile(at.program, name, isTemplate ? 'templates' : 'files', at.folders)
    // An encrypted template is not known before it has been decrypted.
    if (!isTemplate || isLate(file.sha256)) return file
    place = { file: file.path, line: 1, column: 1 }
    return renderedFile(file, renderText(sourceOf(file), at.names))
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    for (const one of [error, ...error.others]) {
      const hint = isSlashMissing(format, one) ? `write '${name}/' to put what is in it into dest` : one.hint
      at.report({ pointer: at.pointer, message: one.message, hint, place: within(place, one) })
    }
    return { path: name, size: 0, sha256: LATE, text: LATE }
  }
}

function isSlashMissing(format: string, { message }: TemplateError): boolean {
  return format === 'local-path' && message.endsWith(' is a directory, not a file')
}

function sourceOf(file: LocalFile): string {
  if (file.text !== null) return file.text
  const text = file.base64 === undefined ? readFileSync(file.path) : Buffer.from(file.base64, 'base64')
  if (text.includes(0) || text.toString('utf8').includes('\uFFFD'))
    throw new TemplateError('the template is not UTF-8 text', 'copy it with the task copy instead')
  return text.toString('utf8')
}

function renderText(source: string, names: Names): string {
  // A whole file is text even when it is nothing but one expression.
  const { body } = parseTemplateFile(source)
  return evaluate({ body }, names) as string
}

function within(place: Place | undefined, { at }: TemplateError): Place | undefined {
  if (place === undefined || at === undefined) return place
  return { file: place.file, line: at.line + 1, column: at.column + 1 }
}

function ownSecrets(task: Task, args: unknown): string[] {
  try {
    return task.secrets?.(args as never) ?? []
  } catch (error) {
    // It may stumble over what is not known yet; the step is bound again once it is.
    if (isLate(args)) return []
    throw error
  }
}

function isMaskable(secret: string): boolean {
  return secret !== '' && !isLate(secret)
}
