import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import { type LoadOptions, loadProgram } from '../../src/load/compile.ts'
import type { FlowNode, Play, Program, Step } from '../../src/load/program.ts'

export const INVENTORY = `
all:
  vars: {base: /srv}
  children:
    web: {hosts: {web1: {address: 10.0.0.1}, web2: {address: 10.0.0.2}}}
    db: {hosts: {db1: {address: 10.0.0.3, disk: sda}}}
`

/** Files by their path; the playbook is p.yaml. */
export type Files = Record<string, string>

/** A folder of its own for each loading, so that no file of another test is found. */
async function inFolder<T>(files: Files, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'written-'))
  try {
    for (const [path, text] of Object.entries({ 'i.yaml': INVENTORY, ...files })) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function load(files: Files | string, options: Partial<LoadOptions> = {}): Promise<Program> {
  const all = typeof files === 'string' ? { 'p.yaml': files } : files
  return inFolder(all, (folder) =>
    loadProgram({ playbook: join(folder, 'p.yaml'), inventory: join(folder, 'i.yaml'), ...options }),
  )
}

/** `file:line:column message [hint]` of each mistake. */
export async function faults(files: Files | string, options: Partial<LoadOptions> = {}): Promise<string[]> {
  const all = typeof files === 'string' ? { 'p.yaml': files } : files
  return inFolder(all, async (folder) => {
    try {
      await loadProgram({ playbook: join(folder, 'p.yaml'), inventory: join(folder, 'i.yaml'), ...options })
      return []
    } catch (error) {
      assert.ok(error instanceof UsageError, (error as Error).stack)
      return error.diagnostics.map(({ place, message, hint }) => {
        const at = place === undefined ? '' : `${place.file}:${place.line}:${place.column} `
        return `${at}${message} [${hint ?? ''}]`.replaceAll(`${folder}/`, '')
      })
    }
  })
}

/** Keeps compiled TypeScript out of the user's cache; the folder is used until the process ends. */
export function ownCache(): void {
  const { XDG_CACHE_HOME: given } = process.env
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'cache-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    process.env.XDG_CACHE_HOME = folder
  })
  after(() => {
    if (given === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = given
  })
}

/** One play on all hosts with these lines as its tasks. */
export function tasks(...lines: string[]): string {
  return ['- hosts: all', '  tasks:', ...lines.map((line) => `    ${line}`), ''].join('\n')
}

export async function onlyPlay(...given: Parameters<typeof load>): Promise<Play> {
  const { plays } = await load(...given)
  assert.equal(plays.length, 1)
  return plays[0] as Play
}

export async function stepsOf(...given: Parameters<typeof load>): Promise<Step[]> {
  return (await onlyPlay(...given)).steps
}

/** `1 2 flush {3 4 | rescue 5 | always 6}`, with * at blocks that loop. */
export function outline(flow: FlowNode[]): string {
  return flow
    .map((node) => {
      if ('flush' in node) return 'flush'
      if (!('body' in node)) return node.number
      const { body, rescue, always, loop, first } = node
      assert.equal(typeof first.number, 'number')
      const parts = [
        outline(body),
        rescue.length > 0 && `rescue ${outline(rescue)}`,
        always.length > 0 && `always ${outline(always)}`,
      ]
      return `{${parts.filter((part) => part !== false).join(' | ')}}${loop === undefined ? '' : '*'}`
    })
    .join(' ')
}

/** A table of playbooks, or of files, and the one mistake that is found in each. */
export function explains(table: [string, Files | string, RegExp][]): void {
  for (const [name, files, expected] of table)
    it(name, async () => {
      const found = await faults(files)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] as string, expected)
    })
}
