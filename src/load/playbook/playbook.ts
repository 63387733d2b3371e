import { dirname, resolve } from 'node:path'
import type { JsonObject } from '../../core/json.ts'
import type { Place } from '../../core/place.ts'
import { MODULES } from '../ansible/ansiblemodules.ts'
import { readBatches } from './batches.ts'
import { bare, readNodes, readSteps, type WrittenNode } from './blocks.ts'
import { valueBefore } from './early.ts'
import { findFile, openInside, readFileName } from './imports.ts'
import { inherit } from './inherit.ts'
import { type Inherited, NOTHING_AROUND, type Spot, type Surroundings, type WrittenStep } from './spot.ts'
import { IMPORT_PLAYBOOK_KEYWORDS, PLAY_HABITS, PLAY_KEYWORDS } from './keywords.ts'
import { inOrder, layerOf } from './layers.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Play, VarLayer } from '../program.ts'
import type { Reader } from './reader.ts'
import type { Reading } from './reading.ts'
import { readRoles } from './roles.ts'
import { isMapping } from '../template/values.ts'

/** A play as it is written: its pattern not yet resolved, its steps neither numbered nor chosen by tags. */
export interface WrittenPlay
  extends Pick<
    Play,
    'name' | 'vars' | 'layers' | 'serial' | 'maxFailPercentage' | 'anyErrorsFatal' | 'gather' | 'confirm'
  > {
  reader: Reader
  pointer: string
  pattern: string | undefined
  nodes: WrittenNode[]
  handlers: WrittenStep[]
  gate: WrittenStep[]
}

/** Reads the plays of a playbook; mistakes go to the reading's problems, and what holds one is left out. */
export async function readPlaybook(reading: Reading, reader: Reader): Promise<WrittenPlay[]> {
  const trail = [resolve(reader.document.file)]
  return readPlays({ reading, reader, play: newPlay(reader), inherited: { ...NOTHING_AROUND, trail } })
}

function newPlay(reader: Reader): Surroundings {
  return { file: reader.document.file, handlers: [], layers: [], handled: new Set(), used: new Set() }
}

async function readPlays(spot: Spot): Promise<WrittenPlay[]> {
  const { reader } = spot
  const { value } = reader.document
  if (!Array.isArray(value) || value.length === 0) {
    const hint = "begin with '- name: ...', 'hosts: ...' and 'tasks:' below it"
    reader.problem('', 'a playbook must be a list of plays', hint)
    return []
  }
  const plays: WrittenPlay[] = []
  for (const index of value.keys())
    plays.push(...(await readEntry({ ...spot, play: newPlay(reader) }, `/${index}`)))
  return plays
}

async function readEntry(spot: Spot, pointer: string): Promise<WrittenPlay[]> {
  const { reader } = spot
  const value = reader.get(pointer) ?? null
  if (!isMapping(value)) {
    reader.problem(pointer, 'a play must be a mapping', "write '- hosts: all' with 'tasks:' below it")
    return []
  }
  const key = Object.keys(value).find((one) => bare(one) === 'import_playbook')
  return key === undefined ? [await readPlay(spot, pointer)] : readImport(spot, pointer, key)
}

/** The plays of another playbook; roles and files are looked for beside that one. */
async function readImport(spot: Spot, pointer: string, key: string): Promise<WrittenPlay[]> {
  const { reader } = spot
  reader.unknownKeys(
    pointer,
    [...Object.keys(IMPORT_PLAYBOOK_KEYWORDS), key],
    "'import_playbook'",
    PLAY_HABITS,
  )
  const inherited = inherit(spot, pointer)
  const at = `${pointer}/${pointerKey(key)}`
  const inside = { ...spot, inherited }
  const name = readFileName(inside, at, 'the name of the playbook')
  const file = name === undefined ? undefined : findFile(inside, at, name, [dirname(reader.document.file)])
  const opened = file === undefined ? undefined : await openInside(inside, at, file)
  return opened === undefined ? [] : readPlays({ ...inside, ...opened })
}

/** Of tasks that stand where a play is expected, as in a file of steps. */
function taskHabits({ reading, inherited }: Spot): Record<string, string> {
  const names = [...reading.namesIn(inherited.folders), ...Object.keys(MODULES)]
  return Object.fromEntries(
    names.map((name) => [name, "it is a task: write it in the list 'tasks' of a play"]),
  )
}

async function readPlay(spot: Spot, pointer: string): Promise<WrittenPlay> {
  const { reader, play } = spot
  reader.unknownKeys(pointer, Object.keys(PLAY_KEYWORDS), 'a play', { ...taskHabits(spot), ...PLAY_HABITS })
  if (reader.get(`${pointer}/hosts`) === undefined)
    reader.problem(pointer, "the play lacks 'hosts'", "write e.g. 'hosts: all', a group or a host")
  const inherited = await inheritPlay(spot, pointer)
  const inside: Spot = { ...spot, inherited }
  const pattern = readPattern(inside, `${pointer}/hosts`)
  const unnamed = `play ${Number(pointer.slice(1)) + 1}`
  const nodes = await readSections(inside, pointer)
  const handlers = await readSteps(inside, `${pointer}/handlers`, 'handler', "'handlers'")
  return {
    reader,
    pointer,
    name: reader.text(`${pointer}/name`, "'name'") ?? (pattern || unnamed),
    pattern: pattern === '' ? undefined : pattern,
    vars: inherited.playVars,
    nodes,
    handlers: [...play.handlers, ...handlers],
    gate: await readSteps(inside, `${pointer}/gate`, 'gate', "'gate'"),
    layers: inOrder(play.layers),
    ...readBatches(inside, pointer),
    gather: readGather(reader, pointer),
    confirm: readConfirm(inside, `${pointer}/confirm`),
  }
}

/** Parts of a pattern; a template may give several. */
function readPattern(spot: Spot, pointer: string): string {
  const parts = spot.reader.entries(pointer).flatMap(({ pointer: at }) => {
    if (spot.reader.text(at, "'hosts'") === undefined) return []
    const given = [valueBefore(spot, at, "'hosts'", 'write a group or a host') ?? []].flat()
    const texts = given.filter((one) => typeof one === 'string')
    if (texts.length < given.length) spot.reader.problem(at, "'hosts' must be text, or a list of texts")
    return texts
  })
  return parts.join(',')
}

/** Handlers notified in one section run before the next begins; those of the last run at the end of the play. */
async function readSections(spot: Spot, pointer: string): Promise<WrittenNode[]> {
  const read = (key: string): Promise<WrittenNode[]> =>
    readNodes(spot, `${pointer}/${key}`, 'step', `'${key}'`)
  const sections = [
    await read('pre_tasks'),
    [...(await readRoles(spot, `${pointer}/roles`, "'roles'")), ...(await read('tasks'))],
    await read('post_tasks'),
  ].filter((section) => section.length > 0)
  const place = spot.reader.placeOf(pointer)
  return sections.flatMap((section, index) =>
    index === 0 ? section : [{ flush: true, tags: ['always'], place } as const, ...section],
  )
}

function readGather(reader: Reader, pointer: string): boolean | undefined {
  const [one, other] = ['gather', 'gather_facts'].map((key) => reader.flag(`${pointer}/${key}`, `'${key}'`))
  return one ?? other
}

function readConfirm(spot: Spot, pointer: string): string | undefined {
  if (spot.reader.text(pointer, "'confirm'") === undefined) return undefined
  const question = valueBefore(spot, pointer, "'confirm'", 'write a question')
  return typeof question === 'string' ? question : undefined
}

/** From the weakest to the strongest: vars_files, vars, those of the import. */
async function inheritPlay(spot: Spot, pointer: string): Promise<Inherited> {
  const { reader, play, inherited: outer } = spot
  const own = inherit(spot, pointer)
  const vars = ownVars(reader, pointer)
  const ahead = { ...own, playVars: { ...vars, ...outer.vars }, vars: {} }
  const files = await readVarsFiles({ ...spot, inherited: ahead }, pointer)
  const placeOf = (name: string): Place => reader.placeOf(`${pointer}/vars/${pointerKey(name)}`)
  play.layers.push(layerOf('play', 'vars of the play', { vars, placeOf }))
  if (Object.keys(outer.vars).length > 0) play.layers.push(importLayer(outer))
  const playVars = { ...files, ...ahead.playVars }
  return { ...own, playVars, vars: {}, folders: [dirname(play.file)] }
}

function ownVars(reader: Reader, pointer: string): JsonObject {
  const vars = reader.get(`${pointer}/vars`) ?? null
  return isMapping(vars) ? vars : {}
}

function importLayer({ vars, origins }: Inherited): VarLayer {
  const placeOf = (name: string): Place => origins.get(`/vars/${pointerKey(name)}`)!('')
  return layerOf('play', 'vars of the import', { vars, placeOf })
}

async function readVarsFiles(spot: Spot, pointer: string): Promise<JsonObject> {
  const { reader, play, reading } = spot
  let vars: JsonObject = {}
  for (const { pointer: at } of reader.entries(`${pointer}/vars_files`)) {
    const name = readFileName(spot, at, 'the name of the file')
    const file = name === undefined ? undefined : findFile(spot, at, name, [dirname(reader.document.file)])
    const read = file === undefined ? undefined : await reading.openVars(file, reader.placeOf(at))
    if (read === undefined) continue
    play.layers.push(layerOf('play', `vars_files ${name}`, read))
    vars = { ...vars, ...read.vars }
  }
  return vars
}
