import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Diagnostic, Place } from '../../core/place.ts'
import { lineStarts, placeAtOffset } from '../yaml/lines.ts'
import { userName } from './written.ts'

/** What went wrong when a file in TypeScript was run, with its place in it or in a file that it imports. */
export function importFault(error: unknown, file: string): Diagnostic {
  const { message, code } = error as NodeJS.ErrnoException
  const parsed = /^ParseError:\s*(.*?)\s*\n\s*(.+):(\d+):(\d+)/s.exec(message ?? '')
  if (parsed !== null) {
    const [, what = '', path = '', line, column] = parsed
    // Babel counts columns from 0.
    const place = { file: userName(path, file), line: Number(line), column: Number(column) + 1 }
    return mistake(place, `this is no TypeScript: ${lowered(what)}`)
  }
  const place = thrownAt(error, file)
  const missing = /^Cannot find (?:module|package) '([^']+)'/.exec(message ?? '')?.[1]
  if (missing !== undefined && code !== undefined) return notFound(missing, error as Missing, file)
  return mistake(
    place ?? { file, line: 1, column: 1 },
    `the file throws when it is run: ${reasonOf(error)}`,
    'all that it says must be known without running anything on a host',
  )
}

/** What an error says, in one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] || 'an error without a message'
}

function mistake(place: Place, message: string, hint?: string): Diagnostic {
  return { severity: 'error', place, message, hint }
}

type Missing = Error & { requireStack?: string[] }

/** The import is looked for in the text: it was resolved before a line of the file ran. */
function notFound(name: string, { requireStack }: Missing, file: string): Diagnostic {
  const importer = requireStack?.[0] ?? file
  const text = readText(importer)
  const offset = Math.max(0, ...[`'${name}'`, `"${name}"`].map((one) => text.indexOf(one)))
  const place = placeAtOffset(userName(importer, file), lineStarts(text), offset)
  const hint = name.startsWith('.')
    ? 'the path is relative to this file, and ends in .ts'
    : `install it beside this file: npm install ${name}`
  return mistake(place, `there is no module '${name}'`, hint)
}

/** Our own program; whatever else appears in a stack, but for packages, is the user's. */
const PROGRAM = fileURLToPath(new URL('../../..', import.meta.url))
const FRAME = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/

/** The nearest line of the user's that an error came from. Only its beginning is known, for lines are kept, columns not. */
export function thrownAt(error: unknown, file: string): Place | undefined {
  const stack = (error instanceof Error && error.stack) || ''
  for (const line of stack.split('\n').filter((one) => /^\s+at /.test(one))) {
    const [, where, number] = FRAME.exec(line.trim()) ?? []
    if (where === undefined) continue
    const path = where.startsWith('file:') ? fileURLToPath(where) : where.replace(/^.*? \(?(?=\/)/, '')
    if (isOurs(path)) continue
    const text = readText(path).split('\n')[Number(number) - 1] ?? ''
    return { file: userName(path, file), line: Number(number), column: text.search(/\S|$/) + 1 }
  }
  return undefined
}

function isOurs(path: string): boolean {
  return (
    ['src', 'dist', 'tasks'].some((room) => path.startsWith(`${PROGRAM}${room}/`)) ||
    /\/node_modules\//.test(path)
  )
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function lowered(text: string): string {
  return text.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()).replace(/\.$/, '')
}
