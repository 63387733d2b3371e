import { basename, dirname, join } from 'node:path'
import { didYouMean, nearest } from '../../base/suggest.ts'
import type { JsonObject } from '../../core/json.ts'
import { block, readNodes, readSteps, within, type WrittenNode } from './blocks.ts'
import { isFile, isFolder, namesIn } from './folders.ts'
import { closesCircle, findFile, openInside, readFileName, readIncludeKeys } from './imports.ts'
import { inherit } from './inherit.ts'
import type { Inherited, Spot } from './spot.ts'
import { ROLE_KEYWORDS } from './keywords.ts'
import { addOrigins, layerOf } from './layers.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { VarLayer } from '../program.ts'
import { isMapping } from '../template/values.ts'

const PARTS = ['tasks', 'handlers', 'defaults', 'vars', 'meta', 'files', 'templates']

/** The steps of the roles of a list: of a play, or of what a role depends on. Each use is made once. */
export async function readRoles(spot: Spot, pointer: string, what: string): Promise<WrittenNode[]> {
  const nodes: WrittenNode[] = []
  const list = spot.reader.list(pointer, what, "'- name' for each role")
  for (const index of list.keys()) nodes.push(...(await readEntry(spot, `${pointer}/${index}`)))
  return nodes
}

async function readEntry(spot: Spot, pointer: string): Promise<WrittenNode[]> {
  const { reader } = spot
  const value = reader.get(pointer) ?? null
  if (!isMapping(value)) return readRole(spot, pointer, { once: true })
  const known = Object.keys(ROLE_KEYWORDS)
  reader.unknownKeys(pointer, known, 'a role', keyHints(Object.keys(value), known))
  const inherited = inherit(spot, pointer)
  const key = value.role === undefined && value.name !== undefined ? 'name' : 'role'
  return readRole({ ...spot, inherited }, `${pointer}/${key}`, { once: true })
}

/** Ansible takes any other key for a variable of the role. */
function keyHints(keys: string[], known: string[]): Record<string, string> {
  const others = keys.filter((key) => nearest(key, known) === undefined)
  const hints = others.map((key) => [key, "write it below 'vars' if it is a variable"])
  return { ...Object.fromEntries(hints), loop: "write a step with 'include_role'" }
}

/** The steps of a role that a step names. */
export async function readIncludedRole(spot: Spot, pointer: string, key: string): Promise<WrittenNode[]> {
  const { inherited, loop } = readIncludeKeys(spot, pointer, key)
  const whole = `${pointer}/${pointerKey(key)}`
  const mapping = isMapping(spot.reader.get(whole) ?? null)
  const inside = { ...spot, inherited: within(inherited, loop) }
  const tasksFrom = mapping && spot.reader.get(`${whole}/tasks_from`) !== undefined
  const body = await readRole(inside, mapping ? `${whole}/name` : whole, {
    tasksFrom: tasksFrom ? `${whole}/tasks_from` : undefined,
  })
  if (loop.loop === undefined) return body
  return [block(spot, pointer, inherited, loop, { body, rescue: [], always: [] })]
}

interface RoleUse {
  /** Where the name of its file of steps is given, unless it is main. */
  tasksFrom?: string
  /** The same use is not made again in the play. */
  once?: boolean
}

/** The role named at a place, after those that it depends on; its handlers join those of the play. */
async function readRole(spot: Spot, at: string, { tasksFrom, once }: RoleUse): Promise<WrittenNode[]> {
  const name = readFileName(spot, at, 'the name of the role')
  const folder = name === undefined ? undefined : findRole(spot, at, name)
  if (name === undefined || folder === undefined || closesCircle(spot, at, folder)) return []
  if (once && isRepeated(spot, folder)) return []
  const { trail } = spot.inherited
  const around: Spot = { ...spot, inherited: { ...spot.inherited, trail: [...trail, folder] } }
  const inside: Spot = { ...spot, inherited: await withVariables(around, at, name, folder) }
  const nodes = await readDependencies(inside, at, folder)
  await readHandlers(inside, at, folder)
  const file = tasksFrom === undefined ? mainOf(folder, 'tasks') : namedTasks(inside, tasksFrom, folder)
  return file === undefined ? nodes : [...nodes, ...(await readNodesOf(inside, at, file))]
}

function isRepeated({ play, inherited }: Spot, folder: string): boolean {
  const { when, vars, tags } = inherited
  const use = JSON.stringify([folder, when, vars, tags])
  if (play.used.has(use)) return true
  play.used.add(use)
  return false
}

async function readNodesOf(spot: Spot, at: string, file: string): Promise<WrittenNode[]> {
  const opened = await openInside(spot, at, file)
  return opened === undefined ? [] : readNodes({ ...spot, ...opened }, '', 'step', 'a file of steps')
}

function namedTasks(spot: Spot, at: string, folder: string): string | undefined {
  const name = readFileName(spot, at, "'tasks_from'")
  if (name === undefined) return undefined
  if (/\.ya?ml$/.test(name)) return findFile(spot, at, name, [join(folder, 'tasks')])
  const short = ['.yaml', '.yml'].map((end) => name + end).find((file) => isFile(join(folder, 'tasks', file)))
  return findFile(spot, at, short ?? `${name}.yaml`, [join(folder, 'tasks')])
}

function findRole(spot: Spot, at: string, name: string): string | undefined {
  const base = dirname(spot.play.file)
  const folders = [...new Set([join(base, 'roles'), ...spot.inherited.folders.map((one) => dirname(one))])]
  const found = folders.map((one) => join(one, name)).find((one) => isFolder(one) && hasParts(one))
  if (found !== undefined) return found
  spot.reading.complete = false
  const known = folders.flatMap((folder) => subfolders(folder).filter((one) => hasParts(join(folder, one))))
  const message = `there is no role '${name}'`
  const wanted = `write its steps to ${join(base, 'roles', name, 'tasks/main.yaml')}`
  const hint = didYouMean(name, known)
  spot.reader.problem(at, message, hint.startsWith('did') ? hint : wanted)
  return undefined
}

/** Whether a folder is a role: it has at least one of a role's folders. */
function hasParts(folder: string): boolean {
  return PARTS.some((part) => isFolder(join(folder, part)))
}

function subfolders(folder: string): string[] {
  return namesIn(folder).filter((one) => isFolder(join(folder, one)))
}

function mainOf(folder: string, part: string): string | undefined {
  return ['main.yaml', 'main.yml'].map((file) => join(folder, part, file)).find(isFile)
}

/** What holds inside of the role: its defaults, its variables, its folders of files. */
async function withVariables(spot: Spot, at: string, name: string, folder: string): Promise<Inherited> {
  const { inherited } = spot
  const origins = new Map(inherited.origins)
  const read = async (part: 'defaults' | 'vars'): Promise<JsonObject> => {
    const file = mainOf(folder, part)
    const found = file === undefined ? undefined : await spot.reading.openVars(file, spot.reader.placeOf(at))
    if (found === undefined) return {}
    addOrigins(origins, part === 'vars' ? '/vars' : '/defaults', found)
    const level = part === 'vars' ? 'play' : 'role defaults'
    addLayer(spot, layerOf(level, `${part} of the role ${name}`, found))
    return found.vars
  }
  const defaults = { ...inherited.defaults, ...(await read('defaults')) }
  const own = { role_name: basename(folder), role_path: folder }
  const roleVars = { ...inherited.roleVars, ...own, ...(await read('vars')) }
  const folders = [folder, ...inherited.folders.filter((one) => one !== folder)]
  return { ...inherited, defaults, roleVars, folders, origins }
}

function addLayer({ play }: Spot, layer: VarLayer): void {
  if (!play.layers.some(({ title }) => title === layer.title)) play.layers.push(layer)
}

async function readDependencies(spot: Spot, at: string, folder: string): Promise<WrittenNode[]> {
  const file = mainOf(folder, 'meta')
  const opened = file === undefined ? undefined : await openInside(spot, at, file)
  if (opened === undefined || !isMapping(opened.reader.get('') ?? null)) return []
  return readRoles({ ...spot, ...opened }, '/dependencies', "'dependencies'")
}

/** Once per play; a role's conditions are for its steps. */
async function readHandlers(spot: Spot, at: string, folder: string): Promise<void> {
  const file = mainOf(folder, 'handlers')
  if (file === undefined || spot.play.handled.has(folder)) return
  spot.play.handled.add(folder)
  const opened = await openInside(spot, at, file)
  if (opened === undefined) return
  const inherited = { ...opened.inherited, ...WITHOUT_CONDITIONS, tags: [] }
  const steps = await readSteps({ ...spot, ...opened, inherited }, '', 'handler', 'a list of handlers')
  spot.play.handlers.push(...steps)
}

const WITHOUT_CONDITIONS = {
  when: [],
  notify: [],
  outerItems: [],
  runOnce: false,
  delegateTo: undefined,
  ignoreErrors: false,
}
