import { readFileSync } from 'node:fs'
import { nearest } from '../../base/suggest.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { isLate, LATE } from '../../core/late.ts'
import { readLocalFile } from '../file/localfile.ts'
import type { Program } from '../program.ts'
import { REFUSED_LOOKUPS } from './refusals.ts'
import { parseTemplateFile, type Template } from './template.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { keyText, text, type Value } from './values.ts'

/** What `lookup(kind, term, ...)` gives: from the environment and the files of this machine. Throws TemplateError. */
export function lookUp(
  kind: string,
  terms: Json[],
  { default: otherwise, rstrip, lstrip }: JsonObject,
  program: Program,
  folders?: string[],
): Value {
  const [term, ...others] = terms
  if (term === undefined) throw new TemplateError(`lookup('${kind}') lacks what to look up`)
  if (others.length > 0) throw new TemplateError(`lookup('${kind}') takes one at a time`)
  switch (kind.replace(/^ansible\.builtin\./, '')) {
    case 'env':
      return process.env[keyText(term)] ?? otherwise ?? notSet(keyText(term))
    case 'file': {
      const content = fileText(program, text(term, "lookup('file')"), 'files', folders)
      const start = lstrip === true ? content.trimStart() : content
      return rstrip === false ? start : start.trimEnd()
    }
  }
  throw unknownKind(kind)
}

function notSet(name: string): Undefined {
  return new Undefined(`the environment variable '${name}' is not set`, 'set it, or add | default(...)')
}

function unknownKind(kind: string): TemplateError {
  const name = kind.replace(/^ansible\.builtin\./, '')
  const family = Object.keys(REFUSED_LOOKUPS).find((one) => one === name || name.startsWith(`${one}.`))
  if (family !== undefined)
    return new TemplateError(`lookup('${kind}') is not supported`, REFUSED_LOOKUPS[family])
  const near = nearest(name, ['env', 'file'])
  return new TemplateError(
    `there is no lookup('${kind}')`,
    near ? `did you mean '${near}'?` : 'known: env, file',
  )
}

function fileText(
  program: Program,
  name: string,
  subfolder: 'files' | 'templates',
  folders: string[] | undefined,
): string {
  const file = readLocalFile(program, name, subfolder, folders)
  if (isLate(file.sha256)) return LATE
  if (file.text !== null) return file.text
  const bytes = file.base64 === undefined ? readFileSync(file.path) : Buffer.from(file.base64, 'base64')
  if (bytes.includes(0) || bytes.toString('utf8').includes('\uFFFD'))
    throw new TemplateError(`'${name}' is not UTF-8 text`)
  return bytes.toString('utf8')
}

/** The template that another one includes, found as the `src` of the task template is. Throws TemplateError. */
export function includedTemplate(name: string, program: Program, folders?: string[]): Template {
  return parseTemplateFile(fileText(program, name, 'templates', folders))
}
