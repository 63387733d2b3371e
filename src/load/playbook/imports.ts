import { basename, dirname, join, resolve } from 'node:path'
import { nearest } from '../../base/suggest.ts'
import type { Json } from '../../core/json.ts'
import { OLD_LOOP_KEYS } from '../ansible/ansibleloops.ts'
import { bare, block, readNodes, within, type WrittenNode } from './blocks.ts'
import { evaluateEarly, valueBefore } from './early.ts'
import { isFile, namesIn } from './folders.ts'
import { inherit } from './inherit.ts'
import type { Inherited, Spot } from './spot.ts'
import { APPLY_KEYWORDS, BLOCK_HABITS, INCLUDE_HABITS, INCLUDE_KEYWORDS, INCLUDES } from './keywords.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Loop } from '../program.ts'
import type { Reader } from './reader.ts'
import { type Purpose, readLoop } from './steps.ts'
import { hasTemplate } from '../template/template.ts'
import { TemplateError } from '../template/templateerror.ts'
import { describe, isMapping, memberHint } from '../template/values.ts'

/** The keys of an include, checked; what they and `apply` say for the steps it stands for. */
export function readIncludeKeys(
  spot: Spot,
  pointer: string,
  key: string,
): { inherited: Inherited; loop: Loop } {
  const { reader } = spot
  const at = `${pointer}/${pointerKey(key)}`
  const habits = { ...BLOCK_HABITS, block: 'make it two steps' }
  reader.unknownKeys(
    pointer,
    [...Object.keys(INCLUDE_KEYWORDS), ...OLD_LOOP_KEYS, key],
    `'${bare(key)}'`,
    habits,
  )
  const form = reader.get(at) ?? null
  if (isMapping(form))
    reader.unknownKeys(at, Object.keys(INCLUDES[bare(key)]!), `'${bare(key)}'`, INCLUDE_HABITS)
  const own = inherit(spot, pointer)
  const loop = readLoop(spot, pointer)
  const apply = `${at}/apply`
  if (!isMapping(form) || form.apply === undefined) return { inherited: own, loop }
  reader.mapping(apply, "'apply'", "keys such as 'tags: ...' below it")
  reader.unknownKeys(apply, Object.keys(APPLY_KEYWORDS), "'apply'", BLOCK_HABITS)
  return { inherited: inherit({ ...spot, inherited: own }, apply), loop }
}

/** The steps of a file that an include names. */
export async function readIncludedTasks(
  spot: Spot,
  pointer: string,
  key: string,
  purpose: Purpose,
): Promise<WrittenNode[]> {
  const { inherited, loop } = readIncludeKeys(spot, pointer, key)
  const whole = `${pointer}/${pointerKey(key)}`
  const at = isMapping(spot.reader.get(whole) ?? null) ? `${whole}/file` : whole
  const items = fileItems({ ...spot, inherited }, at, loop)
  if (items !== undefined) {
    const nodes: WrittenNode[] = []
    for (const item of items) {
      const vars = { ...inherited.vars, [loop.loopVar]: item }
      nodes.push(...(await readFileNodes({ ...spot, inherited: { ...inherited, vars } }, at, purpose)))
    }
    return nodes
  }
  const body = await readFileNodes({ ...spot, inherited: within(inherited, loop) }, at, purpose)
  if (loop.loop === undefined) return body
  return [block(spot, pointer, inherited, loop, { body, rescue: [], always: [] })]
}

/** A loop that goes over the names of files is walked before the run. */
function fileItems(spot: Spot, at: string, { loop, loopVar }: Loop): Json[] | undefined {
  const file = spot.reader.get(at)
  if (loop === undefined || typeof file !== 'string' || !hasTemplate(file)) return undefined
  if (!new RegExp(`\\b${loopVar}\\b`).test(file)) return undefined
  try {
    const items = evaluateEarly(loop, spot)
    return Array.isArray(items) ? items : undefined
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return undefined
  }
}

const CURE = "write one include for each file, each with its own 'when'"

async function readFileNodes(spot: Spot, at: string, purpose: Purpose): Promise<WrittenNode[]> {
  const { reader, inherited } = spot
  const name = readFileName(spot, at, 'the name of the file')
  if (name === undefined) return []
  const folders = [dirname(reader.document.file), ...taskFolders(spot), dirname(spot.play.file)]
  const file = findFile(spot, at, name, folders)
  if (file === undefined) return []
  const opened = await openInside(spot, at, file)
  if (opened === undefined) return []
  const beside = taskFolders(spot).includes(dirname(file)) ? [] : [dirname(file)]
  const inside = { ...opened.inherited, folders: [...new Set([...inherited.folders, ...beside])] }
  return readNodes({ ...spot, ...opened, inherited: inside }, '', purpose, 'a file of steps')
}

function taskFolders({ inherited }: Spot): string[] {
  return inherited.folders.map((folder) => join(folder, 'tasks'))
}

/** A name of a file or role that is known before the run. */
export function readFileName(spot: Spot, at: string, what: string): string | undefined {
  const { reader } = spot
  if (reader.get(at) === undefined) {
    const [, parent = '', last = ''] = /^(.*)\/([^/]*)$/.exec(at) ?? []
    const given = reader.get(parent) ?? null
    // A misspelt key has been reported already.
    if (!isMapping(given) || nearest(last, Object.keys(given)) === undefined)
      reader.problem(parent, `'${last}' is missing`, `it is ${what}`)
    return undefined
  }
  const name = valueBefore(spot, at, what, CURE)
  if (name === undefined || (typeof name === 'string' && name !== '')) return name
  reader.problem(at, `${what} must be text, not ${name === '' ? 'empty' : describe(name)}`)
  return undefined
}

/** The first of the folders that has the file; undefined, and reported, when none has. */
export function findFile(spot: Spot, at: string, name: string, folders: string[]): string | undefined {
  const tried = [...new Set(folders.map((folder) => (name.startsWith('/') ? name : join(folder, name))))]
  const found = tried.find(isFile)
  if (found !== undefined) return found
  const near = tried.flatMap((path) => namesIn(dirname(path)).filter((file) => /\.(ya?ml|json)$/.test(file)))
  const hint = near.length === 0 ? undefined : memberHint(basename(name), [...new Set(near)])
  const looked = `looked for ${tried.map((path) => resolve(path)).join(' and ')}`
  spot.reader.problem(at, `there is no file '${name}'`, hint?.startsWith('did') ? hint : looked)
  spot.reading.complete = false
  return undefined
}

/** Whether a file or a role is being read already, which is reported. */
export function closesCircle({ reader, inherited: { trail } }: Spot, at: string, path: string): boolean {
  if (!trail.includes(path)) return false
  const names = [...trail.slice(trail.indexOf(path)), path].map((one) => basename(one))
  // Of the files of a role its name says enough.
  const chain = names.filter((name) => !/^main\.ya?ml$/.test(name)).join(' > ')
  reader.problem(at, `'${basename(path)}' includes itself (${chain})`, 'remove one of these includes')
  return true
}

/** Opens a file named at a place, unless it is being read already. */
export async function openInside(
  spot: Spot,
  at: string,
  file: string,
): Promise<{ reader: Reader; inherited: Inherited } | undefined> {
  const { trail } = spot.inherited
  const path = resolve(file)
  if (closesCircle(spot, at, path)) return undefined
  const reader = await spot.reading.open(file, spot.reader.placeOf(at))
  if (reader === undefined) return undefined
  return { reader, inherited: { ...spot.inherited, trail: [...trail, path] } }
}
