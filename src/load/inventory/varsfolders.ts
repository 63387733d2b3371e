import { existsSync, readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { nearest } from '../../base/suggest.ts'
import { UsageError } from '../../core/errors.ts'
import type { Diagnostic } from '../../core/place.ts'
import { readVarsFile, type VarsFile } from '../varsfile.ts'

export const GROUP_VARS = 'group_vars'
export const HOST_VARS = 'host_vars'
/** In the order in which they are looked for; the first that is there is read. */
const EXTENSIONS = ['', '.yml', '.yaml', '.json']

/** Files of variables for groups or hosts, by name; several of one name come from a folder and are in its order. */
export type VarsFolder = Map<string, VarsFile[]>

/**
 * Reads what `folder` holds for these names: NAME, NAME.yml, NAME.yaml, NAME.json, or a folder NAME with files and
 * folders, in the order of their names. Mistakes go to `problems`.
 */
export async function readVarsFolder(
  folder: string,
  kind: 'group' | 'host',
  names: string[],
  problems: Diagnostic[],
): Promise<VarsFolder> {
  const found: VarsFolder = new Map()
  const entries = list(folder)
  const present = new Set(entries)
  for (const name of names) {
    const paths = EXTENSIONS.map((extension) => name + extension).filter((entry) => present.has(entry))
    const [first, ...others] = paths.map((entry) => join(folder, entry))
    if (first === undefined) continue
    for (const other of others) problems.push(unread(other, first))
    found.set(name, await readAll(first, problems))
  }
  problems.push(...strays(folder, kind, entries, names))
  return found
}

async function readAll(path: string, problems: Diagnostic[]): Promise<VarsFile[]> {
  const files: VarsFile[] = []
  for (const file of filesIn(path)) {
    try {
      files.push(await readVarsFile(file))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(...error.diagnostics)
    }
  }
  return files
}

/** The file itself, or all below a folder; what editors and backups leave is passed over. */
function filesIn(path: string, depth = 0): string[] {
  if (!isFolder(path)) return [path]
  const entries = list(path).filter(
    (entry) => isFolder(join(path, entry)) || EXTENSIONS.includes(extname(entry)),
  )
  return depth > 20 ? [] : entries.flatMap((entry) => filesIn(join(path, entry), depth + 1))
}

function list(folder: string): string[] {
  const entries = existsSync(folder) && isFolder(folder) ? readdirSync(folder) : []
  return entries.filter((entry) => !entry.startsWith('.') && !entry.endsWith('~')).sort()
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function unread(path: string, instead: string): Diagnostic {
  const place = { file: path, line: 1, column: 1 }
  const message = `this file is not read: ${instead} comes before it`
  return { severity: 'warning', place, message, hint: 'put both into one folder of that name, or remove one' }
}

/** Files for names that are near those of the inventory: slips, for other inventories may share the folder. */
function strays(folder: string, kind: string, entries: string[], names: string[]): Diagnostic[] {
  const bases = entries.map((entry) => ({ entry, name: entry.replace(/\.(ya?ml|json)$/, '') }))
  const taken = new Set(bases.map(({ name }) => name))
  return bases.flatMap(({ entry, name }) => {
    const near = names.includes(name) ? undefined : nearest(name, names)
    if (near === undefined || taken.has(near)) return []
    const place = { file: join(folder, entry), line: 1, column: 1 }
    const message = `no ${kind} of the inventory is called '${name}', so nobody gets these variables`
    return [{ severity: 'warning' as const, place, message, hint: `did you mean '${near}'?` }]
  })
}
