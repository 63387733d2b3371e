import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { readInventoryFile } from './inventoryfile.ts'
import { addHosts, groupNamed, type WrittenInventory } from './inventorymodel.ts'
import { decode, parseYaml, readYaml } from '../yaml/yaml.ts'
import { explainRead } from '../yaml/yamlfaults.ts'

/** What lies in a folder of inventories without being one, as Ansible has it. */
const PASSED_OVER = /(^\.|~$|\.(pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$|^(group_vars|host_vars)$)/

/** Reads a list of hosts, a folder, a program or an INI file. Throws UsageError; mistakes inside are collected. */
export async function readOther(source: string, inventory: WrittenInventory, missing: string): Promise<void> {
  if (source.includes(',') && !existsSync(source)) return readList(source, inventory)
  const stats = statSync(source, { throwIfNoEntry: false })
  if (stats === undefined) throw new UsageError([explainRead(source, enoent(), missing)])
  if (stats.isDirectory()) return readFolder(source, inventory)
  return readAnyFile(source, (stats.mode & 0o111) !== 0, inventory)
}

function enoent(): NodeJS.ErrnoException {
  return Object.assign(new Error(), { code: 'ENOENT' })
}

function readList(source: string, inventory: WrittenInventory): void {
  const group = groupNamed(inventory, 'ungrouped', { file: '-i', line: 1, column: 1 })
  for (const match of source.matchAll(/(?:\[[^\]]*\]|[^,])+/g)) {
    const text = match[0].trim()
    const place = { file: '-i', line: 1, column: match.index + 1 }
    if (text !== '') addHosts(inventory, group, { text, place, vars: new Map(), ansible: false })
  }
}

/** All files below the folder, in the order of their names. */
async function readFolder(folder: string, inventory: WrittenInventory, depth = 0): Promise<void> {
  const entries = readdirSync(folder)
    .filter((entry) => !PASSED_OVER.test(entry))
    .sort()
  if (entries.length === 0 && depth === 0)
    throw new UsageError(
      `the folder ${folder} holds no inventory`,
      'put an INI or YAML file into it, or name another',
    )
  for (const path of entries.map((entry) => join(folder, entry))) {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats?.isDirectory() && depth < 10) await readFolder(path, inventory, depth + 1)
    else if (stats?.isFile()) await readAnyFile(path, (stats.mode & 0o111) !== 0, inventory)
  }
}

async function readAnyFile(file: string, executable: boolean, inventory: WrittenInventory): Promise<void> {
  if (/\.(ya?ml|json)$/.test(file)) return readInventoryFile(await readYaml(file), inventory)
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError([explainRead(file, error as NodeJS.ErrnoException)])
  })
  const script = bytes.subarray(0, 2).toString() === '#!'
  // Some file systems call every file executable; only a script or a binary is a program.
  if (executable && (script || bytes.subarray(0, 512).includes(0))) {
    const { readProgram } = await import('./inventoryprogram.ts')
    return readProgram(file, inventory)
  }
  const place = { file, line: 1, column: 1 }
  const hint = `make it executable: chmod +x ${file}`
  if (script)
    throw new UsageError([
      { severity: 'error', place, message: 'this is a program, but not executable', hint },
    ])
  const text = decode(bytes, file)
  if (looksLikeYaml(text)) return readInventoryFile(parseYaml(text, file), inventory)
  const { readIni } = await import('./inventoryini.ts')
  readIni(text, file, inventory)
}

/** By the first line that is no comment: `all:` and `{` are YAML, `[group]` and `host name=value` are not. */
function looksLikeYaml(text: string): boolean {
  const first = /^\s*[^\s#;].*$/m.exec(text)?.[0] ?? ''
  return /^\s*(---|\{|["']?[\w.-]+["']?\s*:(\s|$))/.test(first)
}
