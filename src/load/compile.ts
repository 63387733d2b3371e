import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import { stepsOf } from './playbook/blocks.ts'
import type { Spelling } from './ansible/carryover.ts'
import { prepareChecks } from './check/checks.ts'
import { arrange, numberFrom } from './playbook/flow.ts'
import { checkHandlers } from './playbook/handlers.ts'
import { type LoadedInventory, loadInventory } from './inventory/inventory.ts'
import { select } from './inventory/patterns.ts'
import { readPlaybook, type WrittenPlay } from './playbook/playbook.ts'
import type { Inventory, Play, Program, Step } from './program.ts'
import { namesOf } from './promises.ts'
import { Reading } from './playbook/reading.ts'
import { type ReleaseSource, releaseSource } from './file/release.ts'
import { hostsThatBecome, revealConnections } from './secret/secretconnections.ts'
import { settleSecrets } from './secret/secretlookup.ts'
import { isChosen, SPECIAL_TAGS, type TagChoice } from './playbook/tags.ts'
import { validateProgram } from './check/validate.ts'
import { advise } from './check/advice.ts'
import { k3sVersionFaults } from './check/k3sversions.ts'

export interface LoadOptions {
  /** Path of the playbook. */
  playbook: string
  /** Inventories as loadInventory takes them. */
  inventory: string | string[]
  /** Pattern that the hosts of all plays are limited to. */
  limit?: string
  tags?: string[]
  skipTags?: string[]
  /** As parseExtraVars gives them. */
  extraVars?: JsonObject
  /** Whether steps may destroy data that they guard by `yes_delete_data`. */
  deleteData?: boolean
  /** Default: k3s's own releases, or the file that PROVISION_K3S names. */
  releases?: ReleaseSource
  /** Takes each step and what its words came to, also when there are mistakes. */
  spellings?: Spelling[]
  /** Called when everything is read, and what was read is to be checked. */
  onRead?(): void
  /** Which secrets are looked up; the others count as not known. Default: all that something needs. */
  secrets?: 'encrypted' | 'none'
}

/** Reads, checks and compiles a playbook. Throws UsageError with every mistake, sorted by place. */
export async function loadProgram(options: LoadOptions): Promise<Program> {
  const unread: Diagnostic[] = []
  const loaded = await collect(loadInventory(options.inventory, options), unread)
  const reading = new Reading(options.extraVars ?? {}, namesOfHosts(loaded?.inventory))
  const { problems } = reading
  const reader = await reading.open(options.playbook)
  problems.push(...unread)
  const plays = reader === undefined ? [] : await readPlaybook(reading, reader)
  options.spellings?.push(...reading.spellings)
  await prepareChecks([...reading.tasks.values()])
  if (reading.complete) problems.push(...checkHandlers(plays, reading.topics), ...unknownTags(plays, options))
  if (reader === undefined || loaded === undefined) throw sorted(reading.report(problems))
  const program = compile(plays, loaded, options, problems)
  const unsure = unsureNames(reading, plays)
  options.onRead?.()
  const check = (): Diagnostic[] => {
    revealConnections(hostsThatBecome(program))
    return validateProgram(program, unsure)
  }
  const sound = problems.length === 0
  problems.push(...(await settleSecrets(check, { sound, only: options.secrets })))
  if (problems.length === 0) problems.push(...k3sVersionFaults(program))
  if (problems.length > 0) throw sorted(reading.report(problems))
  program.warnings.push(...advise(program))
  return program
}

function namesOfHosts(inventory: Inventory | undefined): Set<string> {
  return new Set([...(inventory?.hosts.values() ?? [])].flatMap(({ vars }) => Object.keys(vars)))
}

/** What could not be read may well define any name; else a broken step may register its own. */
function unsureNames(
  { complete, problems, registers }: Reading,
  plays: WrittenPlay[],
): Pick<ReadonlySet<string>, 'has'> {
  if (!complete) return { has: () => true }
  if (problems.length === 0) return new Set()
  const read = new Set(
    plays.flatMap(({ nodes, handlers }) => [...stepsOf(nodes), ...handlers].flatMap(namesOf)),
  )
  return new Set([...registers].filter((name) => !read.has(name)))
}

function compile(
  plays: WrittenPlay[],
  { inventory, warnings }: LoadedInventory,
  options: LoadOptions,
  problems: Diagnostic[],
): Program {
  const limit = selectLimit(inventory, options.limit, problems)
  const compiled = plays.map((play, index) =>
    compilePlay(play, index, { inventory, limit, options, problems }),
  )
  if (limit !== undefined) problems.push(...nobodyLeft(compiled, options.limit))
  return {
    playbook: options.playbook,
    inventory,
    plays: compiled,
    extraVars: options.extraVars,
    deleteData: options.deleteData,
    leftOut: namesLeftOut(plays, compiled),
    releases: options.releases ?? releaseSource(),
    warnings,
  }
}

/** To work on no host at all and call it a success is never what was meant. */
function nobodyLeft(plays: Play[], limit: string | undefined): Diagnostic[] {
  const meant = [...new Set(plays.flatMap(({ everyHost }) => everyHost))]
  if (meant.length === 0 || plays.some(({ hosts }) => hosts.length > 0)) return []
  const hint = `this playbook is for ${meant.slice(0, 12).join(', ')}${meant.length > 12 ? ', ...' : ''}`
  return [{ severity: 'error', message: `--limit '${limit}' leaves no host of the playbook`, hint }]
}

/** Names that only steps register which were not chosen. */
function namesLeftOut(written: WrittenPlay[], compiled: Play[]): Set<string> {
  const names = (steps: Omit<Step, 'number'>[]): string[] => steps.flatMap((step) => namesOf(step))
  const kept = new Set(
    compiled.flatMap(({ steps, handlers, gate }) => names([...steps, ...handlers, ...gate])),
  )
  return new Set(written.flatMap(({ nodes }) => names(stepsOf(nodes))).filter((name) => !kept.has(name)))
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

interface Around {
  inventory: Inventory
  /** undefined: no limit. */
  limit: ReadonlySet<string> | undefined
  options: LoadOptions
  problems: Diagnostic[]
}

function compilePlay(written: WrittenPlay, index: number, around: Around): Play {
  const { tags = [], skipTags = [] } = around.options
  const { flow, steps } = arrange(written.nodes, (own) => isChosen(own, { tags, skipTags }))
  const everyHost = selectHosts(written, around)
  const { limit } = around
  const { name, vars, layers, serial, maxFailPercentage, anyErrorsFatal, gather, confirm, reader, pointer } =
    written
  // Handlers run whatever the tags say: what notified them ran, too. So does what makes sure of a batch.
  const handlers = numberFrom(steps.length, written.handlers)
  const gate = numberFrom(steps.length + handlers.length, written.gate)
  return {
    index,
    name,
    hosts: limit === undefined ? everyHost : everyHost.filter((host) => limit.has(host)),
    everyHost,
    steps,
    flow,
    handlers,
    gate,
    vars,
    layers,
    serial,
    maxFailPercentage,
    anyErrorsFatal,
    gather,
    confirm,
    place: reader.placeOf(pointer),
  }
}

function selectHosts({ pattern, pointer, reader }: WrittenPlay, { inventory, problems }: Around): string[] {
  if (pattern === undefined) return []
  try {
    return select(inventory, pattern)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const place = reader.placeOf(`${pointer}/hosts`)
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
  const steps = plays.flatMap(({ nodes, handlers, gate }) => [...stepsOf(nodes), ...handlers, ...gate])
  const known = [...new Set(steps.flatMap((step) => step.tags))]
  const unknown = [...tags, ...skipTags].filter((tag) => !known.includes(tag) && !SPECIAL_TAGS.includes(tag))
  return unknown.map((tag) => {
    const hint = didYouMean(tag, known) || 'the playbook has no tags'
    return { severity: 'error', message: `no step has the tag '${tag}'`, hint }
  })
}

function sorted(problems: Diagnostic[]): UsageError {
  const key = ({ place }: Diagnostic): string =>
    place === undefined
      ? ''
      : `${place.file}\0${String(place.line).padStart(9)}${String(place.column).padStart(9)}`
  return new UsageError(problems.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)))
}
