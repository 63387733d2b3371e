import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import type { Task } from '../core/task.ts'
import { prepareChecks } from './checks.ts'
import { checkHandlers } from './handlers.ts'
import { loadInventory } from './inventory.ts'
import { loadTask, taskNames } from './library.ts'
import { select } from './patterns.ts'
import { readPlays, usedTasks, type WrittenPlay } from './playbook.ts'
import type { Inventory, Play, Program } from './program.ts'
import { Reader } from './reader.ts'
import { type ReleaseSource, releaseSource } from './release.ts'
import { hostsThatBecome, revealConnections } from './secretconnections.ts'
import { settleSecrets } from './secretlookup.ts'
import { isChosen, SPECIAL_TAGS, type TagChoice } from './tags.ts'
import { validateProgram } from './validate.ts'
import { isMapping } from './values.ts'
import { type Document, readYaml } from './yaml.ts'

export interface LoadOptions {
  /** Path of the playbook. */
  playbook: string
  /** Path of the inventory. */
  inventory: string
  /** Pattern that the hosts of all plays are limited to. */
  limit?: string
  tags?: string[]
  skipTags?: string[]
  /** As parseExtraVars gives them. */
  extraVars?: JsonObject
  /** Default: k3s's own releases, or the file that PROVISION_K3S names. */
  releases?: ReleaseSource
  /** Which secrets are looked up; the others count as not known. Default: all that something needs. */
  secrets?: 'encrypted' | 'none'
}

/** Reads, checks and compiles a playbook. Throws UsageError with every mistake, sorted by place. */
export async function loadProgram(options: LoadOptions): Promise<Program> {
  const problems: Diagnostic[] = []
  const unread: Diagnostic[] = []
  const [document, loaded] = await Promise.all([
    collect(readYaml(options.playbook), problems),
    collect(loadInventory(options.inventory), unread),
  ])
  problems.push(...unread)
  const plays = document === undefined ? [] : await readPlaybook(document, problems)
  problems.push(...checkHandlers(plays), ...unknownTags(plays, options))
  if (document === undefined || loaded === undefined) throw sorted(problems)
  const limit = selectLimit(loaded.inventory, options.limit, problems)
  const program: Program = {
    playbook: options.playbook,
    inventory: loaded.inventory,
    plays: plays.map((play, index) =>
      compilePlay(play, index, { document, inventory: loaded.inventory, limit, options, problems }),
    ),
    extraVars: options.extraVars,
    releases: options.releases ?? releaseSource(),
    warnings: loaded.warnings,
  }
  const unsure = problems.length === 0 ? new Set<string>() : registersIn(document)
  const check = (): Diagnostic[] => {
    revealConnections(hostsThatBecome(program))
    return validateProgram(program, unsure)
  }
  const sound = problems.length === 0
  problems.push(...(await settleSecrets(check, { sound, only: options.secrets })))
  if (problems.length > 0) throw sorted(problems)
  return program
}

async function collect<T>(work: Promise<T>, problems: Diagnostic[]): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    problems.push(...error.diagnostics)
    return undefined
  }
}

async function readPlaybook(document: Document, problems: Diagnostic[]): Promise<WrittenPlay[]> {
  const names = taskNames()
  const used = usedTasks(document.value, names)
  const tasks = new Map<string, Task>(
    await Promise.all(used.map(async (name) => [name, await loadTask(name)] as const)),
  )
  await prepareChecks([...tasks.values()])
  return readPlays(new Reader(document, problems), tasks, names)
}

interface Surroundings {
  document: Document
  inventory: Inventory
  /** undefined: no limit. */
  limit: ReadonlySet<string> | undefined
  options: LoadOptions
  problems: Diagnostic[]
}

function compilePlay(written: WrittenPlay, index: number, around: Surroundings): Play {
  const { tags = [], skipTags = [] } = around.options
  const chosen = written.steps.filter((step) => isChosen(step.tags, { tags, skipTags }))
  const everyHost = selectHosts(written, around)
  const { limit } = around
  const steps = chosen.map((step, at) => ({ ...step, number: at + 1 }))
  return {
    index,
    name: written.name,
    hosts: limit === undefined ? everyHost : everyHost.filter((name) => limit.has(name)),
    everyHost,
    steps,
    flow: steps,
    // Handlers run whatever the tags say: what notified them ran, too.
    handlers: written.handlers.map((step, at) => ({ ...step, number: chosen.length + at + 1 })),
    gate: [],
    vars: written.vars,
    layers: [],
    serial: [],
    anyErrorsFatal: false,
    place: around.document.placeOf(written.pointer),
  }
}

function selectHosts(
  { pattern, pointer }: WrittenPlay,
  { inventory, document, problems }: Surroundings,
): string[] {
  if (pattern === undefined) return []
  try {
    return select(inventory, pattern)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const place = document.placeOf(`${pointer}/hosts`)
    problems.push(...error.diagnostics.map((one) => ({ ...one, place })))
    return []
  }
}

function selectLimit(
  inventory: Inventory,
  limit: string | undefined,
  problems: Diagnostic[],
): ReadonlySet<string> | undefined {
  if (limit === undefined) return undefined
  try {
    const hosts = new Set(select(inventory, limit))
    if (hosts.size === 0) problems.push({ severity: 'error', message: `--limit '${limit}' leaves no hosts` })
    return hosts
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    problems.push(...error.diagnostics.map((one) => ({ ...one, message: `--limit: ${one.message}` })))
    return new Set()
  }
}

function unknownTags(plays: WrittenPlay[], { tags = [], skipTags = [] }: Partial<TagChoice>): Diagnostic[] {
  const known = [
    ...new Set(plays.flatMap(({ steps, handlers }) => [...steps, ...handlers].flatMap((step) => step.tags))),
  ]
  const unknown = [...tags, ...skipTags].filter((tag) => !known.includes(tag) && !SPECIAL_TAGS.includes(tag))
  return unknown.map((tag) => {
    const hint = didYouMean(tag, known) || 'the playbook has no tags'
    return { severity: 'error', message: `no step has the tag '${tag}'`, hint }
  })
}

/** Every name registered anywhere, also by steps that could not be compiled. */
function registersIn({ value }: Document): Set<string> {
  const plays = Array.isArray(value) ? value.filter(isMapping) : []
  const steps = plays.flatMap(({ tasks, handlers }) => [tasks, handlers].filter(Array.isArray).flat())
  const names = steps.filter(isMapping).map(({ register }) => register)
  return new Set(names.filter((name) => typeof name === 'string'))
}

function sorted(problems: Diagnostic[]): UsageError {
  const key = ({ place }: Diagnostic): string =>
    place === undefined
      ? ''
      : `${place.file}\0${String(place.line).padStart(9)}${String(place.column).padStart(9)}`
  return new UsageError(problems.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)))
}
